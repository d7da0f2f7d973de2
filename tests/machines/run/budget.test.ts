import { describe, expect, test } from 'vitest'
import { enforceBudget, nothingSpent, spent } from '../../../machines/run/budget.ts'
import { policyOf, resultOf } from '../support/runs.ts'

describe('what a call adds to the budget (BU-1)', () => {
  test('its time, its attempts and its retries', () => {
    const once = spent(nothingSpent, resultOf({ duration_ms: 1200, attempts: 3 }).metrics)
    expect(once).toMatchObject({ elapsed_ms_total: 1200, attempts_total: 3, retries_used_total: 2 })
    const twice = spent(once, resultOf({ duration_ms: 800 }).metrics)
    expect(twice).toMatchObject({ elapsed_ms_total: 2000, attempts_total: 4, retries_used_total: 2 })
  })

  test('a timeout counts the time it took', () => {
    const result = resultOf({ status: 'timeout', duration_ms: 5000 })
    expect(spent(nothingSpent, result.metrics).elapsed_ms_total).toBe(5000)
  })
})

describe('the time limit (BU-2)', () => {
  const policy = policyOf({ cost_governance: { timeout_s: 2 } })
  const having = (elapsed_ms_total: number) => enforceBudget({ budget: { ...nothingSpent, elapsed_ms_total }, policy })

  test('may be reached: the budget passes through unchanged', () => {
    const budget = { ...nothingSpent, elapsed_ms_total: 2000 }
    expect(enforceBudget({ budget, policy })).toEqual({ budget, judgement: null })
  })

  test('may not be exceeded: the run fails, and the reason names both figures and the setting', () => {
    const { budget, judgement } = having(2001)
    expect(budget).toMatchObject({ short_circuited: true, short_circuit_reason: 'budget_elapsed_exceeded' })
    expect(judgement).toMatchObject({ decision: 'FAIL', triggered_rules: ['budget_elapsed_exceeded'] })
    expect(judgement?.reason).toContain('2001ms > 2000ms')
    expect(judgement?.reason).toContain('cost_governance.timeout_s')
  })
})

describe('the limit of attempts (BU-3)', () => {
  const tried = (attempts_total: number, max_attempts_total: number | null) =>
    enforceBudget({
      budget: { ...nothingSpent, attempts_total },
      policy: policyOf({ cost_governance: { max_attempts_total } }),
    })

  test('may be reached, not exceeded', () => {
    expect(tried(2, 2).judgement).toBeNull()
    const { budget, judgement } = tried(3, 2)
    expect(budget).toMatchObject({ short_circuited: true, short_circuit_reason: 'budget_attempts_exceeded' })
    expect(judgement).toMatchObject({ decision: 'FAIL', triggered_rules: ['budget_attempts_exceeded'] })
    expect(judgement?.reason).toContain('3 attempts > 2')
  })

  test('is no limit when the policy names none', () => {
    expect(tried(99, null).judgement).toBeNull()
  })
})
