import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Evidence } from '../../../machines/run/evidence.ts'
import { evaluateGate } from '../../../machines/run/gate.ts'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import { gateResultSchema } from '../../../machines/run/schema.ts'
import { callOf, evidenceOf, policyOf, summaryOf } from '../support/runs.ts'

const judged = (
  evidence: Partial<Evidence> = {},
  policy: PolicyInput = {},
  more: { risk_text?: string; approved_match?: string } = {},
) =>
  evaluateGate({
    evidence: evidenceOf(evidence),
    policy: policyOf(policy),
    risk_text: '',
    approved_match: null,
    ...more,
  })

const lenient: PolicyInput = { fallback_rule: { require_all_tools_success: false } }

describe('a blocked tool (GA-1)', () => {
  test.each(['policy', 'sandbox'] as const)('fails the run and is named: %s', (blocked_by) => {
    const tool_calls = [callOf({ status: 'failed', tool_name: 'run_command', blocked_by })]
    const result = judged({ tool_calls, summary: null })
    expect(result).toMatchObject({ decision: 'FAIL', triggered_rules: [`${blocked_by}_blocked`] })
    expect(result.reason).toContain('run_command')
  })

  test('is not for a human to approve, and no lenient policy lets it pass', () => {
    const tool_calls = [callOf({ status: 'failed', blocked_by: 'policy' })]
    expect(judged({ tool_calls, summary: null, input_nl: 'delete it' }, lenient).decision).toBe('FAIL')
  })
})

describe('a high-risk run (GA-2)', () => {
  test('needs a human, and the reason contains the match', () => {
    const result = judged({ input_nl: 'delete it' })
    expect(result).toMatchObject({ decision: 'NEED_HITL', triggered_rules: ['high_risk_keyword:delete'] })
    expect(result.reason).toContain('delete')
  })

  test('is one too when only the tool’s own doing is risky (HR-1)', () => {
    expect(judged({}, {}, { risk_text: 'psql prod' }).triggered_rules).toEqual(['high_risk_keyword:prod'])
  })

  test('is judged all the same, so that a human knows what a yes is worth (GA-9)', () => {
    expect(judged({ input_nl: 'delete it' }).underlying).toMatchObject({
      ...{ decision: 'PASS', triggered_rules: ['junit_all_passed'] },
    })
    const red = judged({ input_nl: 'delete it', summary: summaryOf({ failures: 2 }) })
    expect(red.underlying).toMatchObject({ decision: 'FAIL', triggered_rules: ['junit_has_failures'] })
    expect(red.underlying?.reason).toContain('2 of 3')
  })

  test('that a human approved before it ran is not asked about again, and the approval is noted (HI-5)', () => {
    const result = judged({ input_nl: 'delete it' }, {}, { approved_match: 'delete' })
    expect(result).toMatchObject({
      ...{ decision: 'PASS', triggered_rules: ['junit_all_passed', 'high_risk_approved:delete'], underlying: null },
    })
  })

  test('is asked about when something else was approved', () => {
    expect(judged({ input_nl: 'delete it' }, {}, { approved_match: 'prod' }).decision).toBe('NEED_HITL')
  })
})

describe('what the tests say (GA-3)', () => {
  test('failures or errors over their threshold fail the run, with both counts (3a)', () => {
    const result = judged({ summary: summaryOf({ tests: 9, failures: 2, errors: 1 }) })
    expect(result).toMatchObject({ decision: 'FAIL', triggered_rules: ['junit_has_failures'] })
    expect(result.reason).toContain('3 of 9')
  })

  test('thresholds are inclusive, and tolerated failures do not tolerate an error (GA-7)', () => {
    const policy = { junit_pass_rule: { max_failures: 2 } }
    expect(judged({ summary: summaryOf({ failures: 2 }) }, policy).decision).toBe('PASS')
    expect(judged({ summary: summaryOf({ failures: 3 }) }, policy).decision).toBe('FAIL')
    expect(judged({ summary: summaryOf({ errors: 1 }) }, policy).decision).toBe('FAIL')
    expect(judged({ summary: summaryOf({ errors: 1 }) }, { junit_pass_rule: { max_errors: 1 } }).decision).toBe('PASS')
  })

  test('a damaged report cannot pass a run (3b, JU-5)', () => {
    expect(judged({ summary: summaryOf({ partial: true }) }).triggered_rules).toEqual(['junit_partial'])
  })

  test('a run in which everything was skipped fails, unless the policy asks for nothing (3c)', () => {
    const summary = summaryOf({ tests: 3, skipped: 3, passed: 0 })
    expect(judged({ summary }).triggered_rules).toEqual(['junit_nothing_executed'])
    expect(judged({ summary }, { junit_pass_rule: { min_executed: 0 } }).decision).toBe('PASS')
    const two = summaryOf({ tests: 3, skipped: 1 })
    expect(judged({ summary: two }, { junit_pass_rule: { min_executed: 2 } }).decision).toBe('PASS')
    expect(judged({ summary: two }, { junit_pass_rule: { min_executed: 3 } }).decision).toBe('FAIL')
  })

  test('a tool that failed over a clean report fails the run, naming tool and status (3d)', () => {
    const result = judged({ tool_calls: [callOf({ status: 'failed', exit_code: 1 })] })
    expect(result.triggered_rules).toEqual(['tool_failed_despite_report'])
    expect(result.reason).toContain('run_vitest')
    expect(result.reason).toContain('failed')
  })

  test('otherwise the run passes, with the number of its tests (3e)', () => {
    const result = judged({ summary: summaryOf({ tests: 42 }) })
    expect(result).toMatchObject({ decision: 'PASS', triggered_rules: ['junit_all_passed'] })
    expect(result.reason).toContain('42')
  })
})

describe('a failed call is explained (GA-6)', () => {
  const policy = { junit_pass_rule: { max_failures: 1 } }
  const summary = summaryOf({ failures: 1 })
  const failed = callOf({ status: 'failed', exit_code: 1, steps_failed: 1 })
  const decision = (call: typeof failed) => judged({ summary, tool_calls: [call] }, policy).decision

  test('when it repeats the failures its report counts and the policy tolerates', () => {
    expect(decision(failed)).toBe('PASS')
    expect(decision({ ...failed, exit_code: null })).toBe('PASS')
  })

  test.each([
    ['another exit code', { exit_code: 2 }],
    ['death by signal', { exit_code: -1 }],
    ['a timeout', { status: 'timeout' as const }],
    ['a cancelled call', { status: 'cancelled' as const }],
    ['a skipped call', { status: 'skipped' as const }],
    ['a clean report', { steps_failed: 0 }],
  ])('but not by %s', (_, changes) => {
    expect(decision({ ...failed, ...changes })).toBe('FAIL')
  })
})

describe('what the tools say when there are no tests (GA-4)', () => {
  const calls = (...tool_calls: ReturnType<typeof callOf>[]) => ({ tool_calls, summary: null })

  test('all succeeded: the run passes (4a)', () => {
    expect(judged(calls(callOf()))).toMatchObject({ decision: 'PASS', triggered_rules: ['all_tools_succeeded'] })
  })

  test.each(['failed', 'timeout', 'skipped', 'cancelled'] as const)('one is %s: the run fails (4b)', (status) => {
    const result = judged(calls(callOf(), callOf({ status })))
    expect(result).toMatchObject({ decision: 'FAIL', triggered_rules: ['tool_execution_failed'] })
  })

  test('each failed tool is named with the beginning of its error, on one line (4b)', () => {
    const long = callOf({ tool_name: 'fetch_logs', status: 'failed', error_message: 'x'.repeat(150) })
    const lines = callOf({ tool_name: 'run_vitest', status: 'failed', error_message: 'one\ntwo\r\nthree' })
    const { reason } = judged(calls(long, callOf({ tool_name: 'run_pytest' }), lines))
    expect(reason).toBe(`fetch_logs: ${'x'.repeat(100)}; run_vitest: one two three`)
  })

  test('a policy that is not strict lets the run pass (4c)', () => {
    expect(judged(calls(callOf({ status: 'failed' })), lenient)).toMatchObject({
      ...{ decision: 'PASS', triggered_rules: ['fallback_no_strict_check'] },
    })
  })

  test('a summary of no tests is no summary', () => {
    expect(judged({ summary: summaryOf({ tests: 0 }) }).triggered_rules).toEqual(['all_tools_succeeded'])
  })
})

test('nothing at all fails the run (GA-5)', () => {
  const nothing = { tool_calls: [], summary: null }
  expect(judged(nothing)).toMatchObject({ decision: 'FAIL', triggered_rules: ['no_execution_data'] })
  expect(judged(nothing, lenient).decision).toBe('FAIL')
})

test('the summary is handed on whatever rule decided (GA-8)', () => {
  const summary = summaryOf({ tests: 7 })
  expect(judged({ summary }).evidence_summary).toEqual(summary)
  expect(judged({ summary, input_nl: 'delete it' }).evidence_summary).toEqual(summary)
  expect(judged({ summary, tool_calls: [callOf({ blocked_by: 'policy' })] }).evidence_summary).toEqual(summary)
  expect(judged({ summary: null }).evidence_summary).toBeNull()
})

describe('for any evidence', () => {
  const counts = fc.record({ tests: fc.nat(5), failures: fc.nat(3), errors: fc.nat(3), skipped: fc.nat(3) })
  const calls = fc.array(
    fc.record({
      status: fc.constantFrom('success' as const, 'failed' as const, 'timeout' as const),
      exit_code: fc.constantFrom(0, 1, 2, null),
      steps_failed: fc.nat(2),
      blocked_by: fc.constantFrom(null, null, 'policy' as const),
    }),
    { maxLength: 2 },
  )
  const cases = fc.record({
    summary: fc.option(counts.map(summaryOf)),
    tool_calls: calls.map((all) => all.map(callOf)),
    input_nl: fc.constantFrom('check it', 'delete it', 'go to prod', 'launch it'),
  })
  const thresholds = fc.record({ max_failures: fc.nat(3), max_errors: fc.nat(3) })

  test('the gate answers with a valid result, and the same one again (GA-8, GA-10)', () => {
    fc.assert(
      fc.property(cases, (evidence) => {
        const result = judged(evidence)
        expect(gateResultSchema.parse(result)).toEqual(judged(evidence))
        expect(result.underlying !== null).toBe(result.decision === 'NEED_HITL')
      }),
    )
  })

  test('a further keyword or pattern never lets a run pass that did not (INV-10)', () => {
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom<PolicyInput[]>(
          { high_risk_keywords: ['launch', 'delete', 'prod'] },
          { high_risk_patterns: ['it'] },
        ),
        (evidence, more) => {
          if (judged(evidence).decision !== 'PASS') expect(judged(evidence, more).decision).not.toBe('PASS')
        },
      ),
    )
  })

  test('higher thresholds never fail a run that passed (INV-10)', () => {
    fc.assert(
      fc.property(cases, thresholds, thresholds, (evidence, low, more) => {
        const high = {
          max_failures: low.max_failures + more.max_failures,
          max_errors: low.max_errors + more.max_errors,
        }
        const passed = judged(evidence, { junit_pass_rule: low }).decision === 'PASS'
        if (passed) expect(judged(evidence, { junit_pass_rule: high }).decision).toBe('PASS')
      }),
    )
  })
})
