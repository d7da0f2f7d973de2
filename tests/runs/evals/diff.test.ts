import { describe, expect, test } from 'vitest'
import { diffOf, type EvalResult, failsOn } from '../../../src/runs/evals/diff.ts'
import { reportOf } from '../../../src/runs/evals/report.ts'

function result(case_id: string, changes: Partial<EvalResult> = {}): EvalResult {
  return {
    ...{ case_id, run_id: 'r', actual_decision: 'PASS', expected_decision: 'PASS', passed: true },
    ...{ policy_hash: null, git_sha: null, evidence_path: null, error_message: null },
    ...changes,
  }
}
const failing = { actual_decision: 'FAIL', passed: false } as const
const change = (before: EvalResult[], after: EvalResult[]) => diffOf(before, after).cases.map((one) => one.change)

describe('EL-4: each case of both, by id', () => {
  test.each([
    ['a case that is new', [], [result('a')], 'ADDED'],
    ['a case that is gone', [result('a')], [], 'REMOVED'],
    ['one that passed and fails', [result('a')], [result('a', failing)], 'REGRESSION'],
    ['one that failed and passes', [result('a', failing)], [result('a')], 'IMPROVED'],
    [
      'another decision, failing both times',
      [result('a', failing)],
      [result('a', { ...failing, actual_decision: 'ERROR' })],
      'CHANGED',
    ],
    ['the same', [result('a')], [result('a')], 'UNCHANGED'],
    ['the same decision with other figures', [result('a')], [result('a', { passed: false })], 'REGRESSION'],
  ])('%s', (_, before, after, expected) => {
    expect(change(before, after)).toEqual([expected])
  })

  test('sorted, with counters that add up', () => {
    const { cases, counters } = diffOf([result('c'), result('a')], [result('b'), result('a', failing)])
    expect(cases.map(({ case_id }) => case_id)).toEqual(['a', 'b', 'c'])
    expect(counters).toEqual({
      ...{ total: 3, unchanged: 0, regressions: 1, improvements: 0, added: 1, removed: 1, changed: 0 },
    })
  })
})

test('EL-5: a regression fails, and a case added that fails; a case removed does not', () => {
  expect(failsOn(diffOf([result('a')], [result('a', failing)]))).toBe(true)
  expect(failsOn(diffOf([], [result('a', failing)]))).toBe(true)
  expect(failsOn(diffOf([result('a')], []))).toBe(false)
  expect(failsOn(diffOf([result('a', failing)], [result('a', failing)]))).toBe(false)
})

test('the report names each case and why it fails, on one line', () => {
  const report = reportOf(
    diffOf([result('a')], [result('a', { ...failing, error_message: 'one | two\nthree' })]),
    'main',
  )
  expect(report).toContain('| a | REGRESSION | PASS passes | FAIL fails | PASS | one   two three |')
})
