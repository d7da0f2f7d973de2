import { describe, expect, test } from 'vitest'
import { refuseCancellation } from '../../../machines/run/refuse.ts'
import {
  APPROVAL_ID,
  answers,
  aRun,
  policyOf,
  type RunWalk,
  resultOf,
  SHA,
  stoppedIn,
  summaryOf,
} from '../support/runs.ts'
import { ada, clockwork, grace, momentOf } from '../support/walk.ts'

const cancel = { type: 'run.cancelled' }
const planStage = policyOf({ hitl: { stage: 'plan' } })
const risky = { nl_input: 'delete the basket' }

test('a run cancelled while its policy loads executes nothing, collects evidence and ends cancelled (ST-1)', () => {
  const loading = aRun().says(cancel)
  expect(loading.state).toBe('load_policy')
  const collecting = loading.loads(policyOf())
  expect(collecting.state).toBe('collect')
  expect(collecting.work.collectEvidence).toMatchObject({ tool_result: null, decision_source: null })
  expect(collecting.collects(null).state).toBe('cancelled')
})

test('a run cancelled while its tool runs tells the tool to stop and waits for what it brings (ST-1, SB-8)', () => {
  const stopping = aRun().loads(policyOf()).says(cancel)
  expect(stopping.state).toBe('execute')
  expect(stopping.sent).toEqual([{ to: 'executeTool', event: { type: 'abort' } }])
  const collecting = stopping.executes(resultOf({ status: 'cancelled' }))
  expect(collecting.state).toBe('collect')
  expect(collecting.context.tool_result?.status).toBe('cancelled')
  expect(collecting.collects(null).state).toBe('cancelled')
})

test('a run cancelled while evidence is collected ends cancelled (ST-1)', () => {
  const run = aRun().loads(policyOf()).executes(resultOf()).says(cancel).collects()
  expect(run.state).toBe('cancelled')
  expect(run.context).toMatchObject({ decision: null, outcome: null, cancelled_by: 'ada' })
})

test.each([
  ['plan', 'planTool'],
  ['enforce_budget', 'enforceBudget'],
])('a run cancelled in %s collects evidence next (ST-1)', (state, work) => {
  const cancelling = stoppedIn(state).when(cancel)
  expect(cancelling.state).toBe(state)
  const collecting = cancelling.done(work, answers[work])
  expect(collecting.state).toBe('collect')
  expect(collecting.work.collectEvidence).toMatchObject({ decision_source: null })
})

test('a run cancelled at its gate has its evidence already and ends cancelled (ST-1)', () => {
  const run = stoppedIn('gate').when(cancel)
  expect(run.state).toBe('cancelled')
  expect(run.context).toMatchObject({ decision: null, evidence_sha256: SHA, cancelled_by: 'ada' })
})

test('a cancelled run ends cancelled even when it was over its budget (ST-1)', () => {
  const policy = policyOf({ cost_governance: { timeout_s: 1 } })
  const run = aRun()
    .loads(policy)
    .says(cancel)
    .executes(resultOf({ duration_ms: 5000 }))
  expect(run.work.collectEvidence).toMatchObject({ decision_source: null, budget: { short_circuited: true } })
  expect(run.collects().state).toBe('cancelled')
})

test('a run cancelled before its plan is approved withdraws the approval first (HI-5)', () => {
  const withdrawing = aRun({ input: risky }).loads(planStage).says(cancel)
  expect(withdrawing.state).toBe('awaiting_approval.plan')
  expect(withdrawing.sent).toEqual([{ to: 'planApproval', event: { type: 'cancel' } }])
  const collecting = withdrawing.says({ type: 'approval.cancelled' })
  expect(collecting.state).toBe('collect')
  expect(collecting.collects(null).state).toBe('cancelled')
})

describe('who may cancel what', () => {
  const asked = (run: RunWalk, by = ada) => {
    const context = { ...run.context, moment: momentOf(9, by) }
    return refuseCancellation({ value: run.snapshot.value, context, event: cancel })
  }
  const executing = aRun().loads(policyOf())
  const waiting = aRun({ input: risky }).loads(policyOf()).executes(resultOf()).collects()

  test('the owner and an admin may, nobody else (AC-3)', () => {
    expect(asked(executing)).toBeUndefined()
    expect(asked(executing, grace)).toBeUndefined()
    expect(asked(executing, { ...ada, id: 'eve' })).toMatchObject({ code: 'RUN_FORBIDDEN' })
    expect(asked(executing, clockwork)).toMatchObject({ code: 'RUN_FORBIDDEN' })
  })

  test('a run that waits at its gate is not cancellable (ST-1)', () => {
    expect(asked(waiting)).toMatchObject({ code: 'RUN_NOT_CANCELLABLE' })
  })

  test('a run that waits for its plan to be approved is cancellable (ST-1)', () => {
    expect(asked(aRun({ input: risky }).loads(planStage))).toBeUndefined()
  })

  test('a run in a final state is not cancellable (ST-1)', () => {
    const ended = {
      judged: executing.executes(resultOf()).collects(),
      failed: aRun().breaks('loadPolicy'),
      finished: aRun({ input: { dry_run: true } })
        .loads(policyOf())
        .executes(resultOf())
        .collects(summaryOf()),
      cancelled: executing.says(cancel).executes(resultOf()).collects(),
    }
    for (const [state, run] of Object.entries(ended)) {
      expect(run.state).toBe(state)
      expect(asked(run)).toMatchObject({ code: 'RUN_NOT_CANCELLABLE' })
    }
  })

  test('other events are none of this rule’s business', () => {
    const event = { type: 'approval.created', approval_id: APPROVAL_ID }
    expect(refuseCancellation({ value: 'judged', context: waiting.context, event })).toBeUndefined()
  })
})
