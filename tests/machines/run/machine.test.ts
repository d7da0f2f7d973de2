import { describe, expect, test } from 'vitest'
import { runMachine } from '../../../machines/run/machine.ts'
import { APPROVAL_ID, aRun, mutatingTool, policyOf, resultOf, SHA, stoppedIn, summaryOf } from '../support/runs.ts'
import { clockwork, grace, INSTANCE_ID, momentOf } from '../support/walk.ts'

const risky = { nl_input: 'delete the basket' }
const created = { type: 'approval.created', approval_id: APPROVAL_ID }
const approved = { type: 'approval.approved', reviewer: 'grace', review_comment: null }
const rejected = { type: 'approval.rejected', reviewer: 'grace', review_comment: 'no' }
const expired = { type: 'approval.expired' }
const planStage = policyOf({ high_risk_keywords: ['delete'], hitl: { stage: 'plan' } })

describe('the straight path', () => {
  test('a run loads its policy before anything else', () => {
    const run = aRun()
    expect(run.state).toBe('load_policy')
    expect(run.work).toEqual({ loadPolicy: {} })
  })

  test('a run is known by the id of its instance and belongs to whoever started it', () => {
    expect(aRun().context).toMatchObject({ run_id: INSTANCE_ID, owner_id: 'ada' })
  })

  test('a run keeps the policy it was loaded with, and its full hash (PL-7, PL-8)', () => {
    const policy = policyOf()
    const { context } = aRun().loads(policy)
    expect(context).toMatchObject({ policy, policy_hash: SHA, policy_meta: { hash: SHA.slice(0, 16) } })
  })

  test('the tool is asked for with the name, arguments and timeout of the input', () => {
    const policy = policyOf()
    const run = aRun({ input: { tool_args: { test_path: 'tests/a' }, timeout_s: 7 } }).loads(policy)
    expect(run.state).toBe('execute')
    const asked = { tool_name: 'run_vitest', args: { test_path: 'tests/a' }, run_id: INSTANCE_ID, timeout_s: 7 }
    expect(run.work.executeTool).toMatchObject({ run_id: INSTANCE_ID, tool_request: asked, policy })
  })

  test('evidence is collected of everything the run knows, and says that the gate will decide (EV-2)', () => {
    const result = resultOf()
    const run = aRun().loads(policyOf()).executes(result)
    expect(run.state).toBe('collect')
    expect(run.work.collectEvidence).toMatchObject({
      run_id: INSTANCE_ID,
      tool_result: result,
      policy_hash: SHA,
      budget: { elapsed_ms_total: 1000, attempts_total: 1 },
      decision_source: 'gate_evaluator',
    })
  })

  test('a green run is judged PASS and its outcome is PASS', () => {
    const run = aRun().loads(policyOf()).executes(resultOf()).collects()
    expect(run.state).toBe('judged')
    expect(run.context).toMatchObject({
      decision: 'PASS',
      outcome: 'PASS',
      triggered_rules: ['junit_all_passed'],
      evidence_sha256: SHA,
      report_path: `${INSTANCE_ID}/evidence.json`,
      decided_at: run.context.moment.at,
      outcome_at: run.context.moment.at,
    })
  })

  test('a red run is judged FAIL and its outcome is FAIL', () => {
    const run = aRun()
      .loads(policyOf())
      .executes(resultOf())
      .collects(summaryOf({ failures: 1 }))
    expect(run.state).toBe('judged')
    expect(run.context).toMatchObject({ decision: 'FAIL', outcome: 'FAIL', triggered_rules: ['junit_has_failures'] })
  })
})

describe('a risky run at the gate', () => {
  const waiting = aRun({ input: risky }).loads(policyOf()).executes(resultOf()).collects()

  test('waits for a human, decided and without an outcome (GA-2, INV-3)', () => {
    expect(waiting.state).toBe('awaiting_approval.gate')
    expect(waiting.context).toMatchObject({ decision: 'NEED_HITL', outcome: null, outcome_at: null })
    expect(waiting.context.underlying).toMatchObject({ decision: 'PASS' })
  })

  test('begins its approval in the very step that records the decision (HI-2)', () => {
    expect(waiting.work.gateApproval).toEqual({
      entity_type: 'orchestration',
      entity_id: INSTANCE_ID,
      stage: 'gate',
      reason: waiting.context.reason,
      requested_by: 'ada',
      expires_after_s: null,
      allow_self_approval: true,
    })
  })

  test('remembers the id of its approval', () => {
    expect(waiting.says(created).context.approval_id).toBe(APPROVAL_ID)
  })

  test('hands the limits of its policy to the approval (HI-6)', () => {
    const policy = policyOf({ hitl: { expires_after_s: 60, allow_self_approval: false } })
    const { work } = aRun({ input: risky }).loads(policy).executes(resultOf()).collects()
    expect(work.gateApproval).toMatchObject({ expires_after_s: 60, allow_self_approval: false })
  })

  test('approved, its outcome is what it is worth; the decision stays (HI-5)', () => {
    const run = waiting.says(approved, grace)
    expect(run.state).toBe('judged')
    expect(run.context).toMatchObject({ decision: 'NEED_HITL', outcome: 'PASS', outcome_at: run.context.moment.at })
    expect(run.context.decided_at).toBe(waiting.context.decided_at)
  })

  test('approved, failed tests stay failed (HI-5)', () => {
    const red = aRun({ input: risky })
      .loads(policyOf())
      .executes(resultOf())
      .collects(summaryOf({ failures: 1 }))
    expect(red.says(approved, grace).context).toMatchObject({ decision: 'NEED_HITL', outcome: 'FAIL' })
  })

  test.each([
    ['rejected', rejected, 'hitl_rejected'],
    ['expired', expired, 'hitl_expired'],
  ])('%s, its outcome is FAIL and the decision stays (HI-5)', (_, answer, rule) => {
    const run = waiting.says(answer, grace)
    expect(run.state).toBe('judged')
    expect(run.context).toMatchObject({
      decision: 'NEED_HITL',
      outcome: 'FAIL',
      outcome_at: run.context.moment.at,
      triggered_rules: ['high_risk_keyword:delete', rule],
    })
  })
})

describe('approval before the deed', () => {
  test('a risky run under stage plan asks before anything is executed (HI-9)', () => {
    const run = aRun({ input: risky }).loads(planStage)
    expect(run.state).toBe('awaiting_approval.plan')
    expect(run.work.planApproval).toMatchObject({ stage: 'plan', entity_id: INSTANCE_ID, requested_by: 'ada' })
    expect(run.work).not.toHaveProperty('executeTool')
  })

  test('a harmless run under stage plan asks nobody (HI-9)', () => {
    expect(aRun().loads(planStage).state).toBe('execute')
  })

  test('a tool that changes things asks first under any stage (HI-9)', () => {
    expect(aRun({ tool: mutatingTool }).loads(policyOf()).state).toBe('awaiting_approval.plan')
  })

  test('a tool the allow-list stops asks nobody (GA-1)', () => {
    const policy = policyOf({ hitl: { stage: 'plan' }, tools: { allowlist: ['fetch_logs'] } })
    expect(aRun({ input: risky }).loads(policy).state).toBe('execute')
  })

  test('approved, the run executes and the gate does not ask again (HI-5)', () => {
    const executing = aRun({ input: risky }).loads(planStage).says(created).says(approved, grace)
    expect(executing.state).toBe('execute')
    const run = executing.executes(resultOf()).collects()
    expect(run.state).toBe('judged')
    expect(run.context).toMatchObject({
      decision: 'PASS',
      outcome: 'PASS',
      approval_id: APPROVAL_ID,
      triggered_rules: ['junit_all_passed', 'high_risk_approved:delete'],
    })
  })

  test.each([
    ['rejected', rejected, 'hitl_rejected'],
    ['expired', expired, 'hitl_expired'],
  ])('%s, nothing is executed and the run fails on evidence without tool calls (HI-5, INV-5)', (_, answer, rule) => {
    const collecting = aRun({ input: risky }).loads(planStage).says(answer, grace)
    expect(collecting.state).toBe('collect')
    expect(collecting.work.collectEvidence).toMatchObject({ tool_result: null, decision_source: null })
    const run = collecting.collects(null)
    expect(run.state).toBe('judged')
    expect(run.context).toMatchObject({ decision: 'FAIL', outcome: 'FAIL', triggered_rules: [rule] })
  })
})

describe('a run over its budget', () => {
  const policy = policyOf({ cost_governance: { timeout_s: 1 } })
  const collecting = aRun()
    .loads(policy)
    .executes(resultOf({ duration_ms: 1001 }))

  test('still collects evidence, which says that the budget decided (BU-4)', () => {
    expect(collecting.state).toBe('collect')
    expect(collecting.work.collectEvidence).toMatchObject({
      decision_source: 'governance_short_circuit',
      budget: { short_circuited: true, short_circuit_reason: 'budget_elapsed_exceeded' },
    })
  })

  test('has no decision before its evidence is stored (INV-1)', () => {
    expect(collecting.context.decision).toBeNull()
  })

  test('is judged FAIL without gate and without approval (NO-1, BU-4)', () => {
    const run = collecting.collects()
    expect(run.state).toBe('judged')
    expect(run.work).toEqual({})
    expect(run.context).toMatchObject({
      decision: 'FAIL',
      outcome: 'FAIL',
      triggered_rules: ['budget_elapsed_exceeded'],
    })
  })
})

describe('a dry run', () => {
  test('executes its plan dry, asks nobody and tells whether it would (TX-7)', () => {
    const run = aRun({ input: { ...risky, dry_run: true } }).loads(planStage)
    expect(run.state).toBe('execute')
    expect(run.work.executeTool).toMatchObject({
      tool_request: { dry_run: true },
      would_require_approval: { match: 'delete', stage: 'plan' },
    })
  })

  test('ends finished, without decision and outcome (TX-7)', () => {
    const run = aRun({ input: { dry_run: true } })
      .loads(policyOf())
      .executes(resultOf({ status: 'skipped' }))
    expect(run.work.collectEvidence).toMatchObject({ decision_source: null })
    const ended = run.collects(null)
    expect(ended.state).toBe('finished')
    expect(ended.context).toMatchObject({ decision: null, outcome: null })
  })
})

describe('what goes wrong (ST-4)', () => {
  test('a run without a policy fails rather than go on under weaker rules', () => {
    const run = aRun().breaks('loadPolicy')
    expect(run.state).toBe('failed')
    expect(run.context.error_code).toBe('POLICY_UNAVAILABLE')
  })

  test('a tool that cannot be run is a failed call for the gate to judge, not a failed run', () => {
    const run = aRun().loads(policyOf()).breaks('executeTool', { message: 'interrupted' })
    expect(run.state).toBe('collect')
    expect(run.context.tool_result).toMatchObject({ status: 'failed', error_message: 'interrupted' })
    expect(run.context.budget.attempts_total).toBe(1)
    expect(run.collects(null).context).toMatchObject({ decision: 'FAIL', triggered_rules: ['tool_execution_failed'] })
  })

  test.each(['interrupted', null])('the fault of a tool is told whatever was thrown: %s', (thrown) => {
    const run = aRun().loads(policyOf()).breaks('executeTool', thrown)
    expect(run.context.tool_result?.error_message).toBe(String(thrown))
  })

  test('a run whose evidence cannot be stored fails, and has no decision (INV-1)', () => {
    const run = aRun().loads(policyOf()).executes(resultOf()).breaks('collectEvidence')
    expect(run.state).toBe('failed')
    expect(run.context).toMatchObject({ error_code: 'EVIDENCE_UNAVAILABLE', decision: null })
  })

  test('neither has one the budget had already settled (INV-1)', () => {
    const policy = policyOf({ cost_governance: { timeout_s: 1 } })
    const run = aRun()
      .loads(policy)
      .executes(resultOf({ duration_ms: 5000 }))
      .breaks('collectEvidence')
    expect(run.context).toMatchObject({ error_code: 'EVIDENCE_UNAVAILABLE', decision: null, outcome: null })
  })
})

test.each([
  ['plan', 'planTool', 'PLAN_UNAVAILABLE'],
  ['enforce_budget', 'enforceBudget', 'BUDGET_UNAVAILABLE'],
  ['gate', 'evaluateGate', 'GATE_UNAVAILABLE'],
])('a fault in the pure work of %s fails the run and is named (ST-4)', (state, work, error_code) => {
  const run = stoppedIn(state).fails(work, new Error('out of order'))
  expect(run.state).toBe('failed')
  expect(run.context.error_code).toBe(error_code)
})

test('an approval that breaks fails the run that waits for it', () => {
  const atPlan = aRun({ input: risky }).loads(planStage).breaks('planApproval')
  const atGate = aRun({ input: risky }).loads(policyOf()).executes(resultOf()).collects().breaks('gateApproval')
  for (const run of [atPlan, atGate]) {
    expect(run.state).toBe('failed')
    expect(run.context.error_code).toBe('APPROVAL_UNAVAILABLE')
  }
})

test('the working states carry the names of the nodes, and each has its actor (1.3)', () => {
  const working = ['load_policy', 'plan', 'execute', 'enforce_budget', 'collect', 'gate'] as const
  const rest = ['pending', 'awaiting_approval', 'judged', 'finished', 'failed', 'cancelled'] as const
  expect(Object.keys(runMachine.states).sort()).toEqual([...working, ...rest].sort())
  expect(working.map((state) => runMachine.states[state]?.invoke.map(({ id }) => id))).toEqual([
    ...[['loadPolicy'], ['planTool'], ['executeTool'], ['enforceBudget'], ['collectEvidence'], ['evaluateGate']],
  ])
})

test('nothing leaves a final state (ST-1)', () => {
  for (const state of ['judged', 'finished', 'failed', 'cancelled'] as const) {
    expect(runMachine.states[state]?.type).toBe('final')
    expect(runMachine.states[state]?.ownEvents).toEqual([])
  }
})

test('the clock of a run is the moment of each event', () => {
  const { context } = aRun().loads(policyOf()).executes(resultOf()).collects()
  expect(context.moment).toMatchObject({ by: clockwork })
  expect(momentOf(0, clockwork).at < context.moment.at).toBe(true)
})
