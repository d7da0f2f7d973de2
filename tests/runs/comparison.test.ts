import { expect, test } from 'vitest'
import { compared, comparison } from '../../src/runs/comparison.ts'
import { aRun, callOf, evidenceOf, policyOf, resultOf, summaryOf } from '../machines/support/runs.ts'

const failing = (...names: string[]) =>
  callOf({
    steps_failed: names.length,
    failed_tests: names.map((name) => ({ classname: 'cart', name, message: 'no' })),
  })
const run = (failures: string[], duration_ms: number) => {
  const { context } = aRun().loads(policyOf()).executes(resultOf({ duration_ms })).collects()
  const summary = summaryOf({ failures: failures.length, passed: 3 - failures.length })
  return { ...context, evidence: evidenceOf({ tool_calls: [failing(...failures)], summary }) }
}

test('tests that began to fail, stopped failing and still fail are told apart', () => {
  const { tests } = compared(run(['adds', 'empties'], 1000), run(['empties', 'sums'], 1000))
  expect(tests).toMatchObject({
    newly_failing: ['cart › sums'],
    no_longer_failing: ['cart › adds'],
    still_failing: ['cart › empties'],
    names_complete: true,
    failures: { before: 2, after: 2, change: 0 },
  })
})

test('figures come with their difference, words with whether they changed', () => {
  const told = compared(run([], 1000), { ...run(['adds'], 1500), decision: 'FAIL', outcome: 'FAIL' })
  expect(told.elapsed_ms).toEqual({ before: 1000, after: 1500, change: 500 })
  expect(told.tests.passed).toEqual({ before: 3, after: 2, change: -1 })
  expect(told.decision).toEqual({ before: 'PASS', after: 'FAIL', changed: true })
  expect(told.policy_hash.changed).toBe(false)
  expect(comparison.parse(told)).toEqual(told)
})

test('what one of them does not have is null, not zero', () => {
  const { elapsed_ms, tests } = compared(aRun().context, run([], 1000))
  expect(elapsed_ms).toEqual({ before: null, after: 1000, change: null })
  expect(tests.tests).toEqual({ before: null, after: 3, change: null })
})
