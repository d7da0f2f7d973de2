/** What a run may use up, and what happens when it used more. */
import type { GovernanceBudget, ShortCircuitReason } from './evidence.ts'
import type { PolicyConfig } from './policy.ts'
import type { BudgetRuling } from './schema.ts'
import type { ToolMetrics } from './tool.ts'
import type { EnforceBudgetInput } from './work.ts'

export const nothingSpent: GovernanceBudget = {
  elapsed_ms_total: 0,
  attempts_total: 0,
  retries_used_total: 0,
  short_circuited: false,
  short_circuit_reason: null,
}

/** BU-1: a call counts whatever came of it; a timeout counts the time it took. */
export function spent(budget: GovernanceBudget, call: ToolMetrics): GovernanceBudget {
  return {
    ...budget,
    elapsed_ms_total: budget.elapsed_ms_total + call.duration_ms,
    attempts_total: budget.attempts_total + call.attempts,
    retries_used_total: budget.retries_used_total + call.retries_used,
  }
}

/** BU-2, BU-3: using up a limit is fine, exceeding it fails the run without a gate. */
export function enforceBudget({ budget, policy }: EnforceBudgetInput): BudgetRuling {
  const excess = excessOf(budget, policy)
  if (excess === null) return { budget, judgement: null }
  return {
    budget: { ...budget, short_circuited: true, short_circuit_reason: excess.rule },
    judgement: { decision: 'FAIL', reason: `Budget exceeded: ${excess.text}`, triggered_rules: [excess.rule] },
  }
}

interface Excess {
  readonly rule: ShortCircuitReason
  readonly text: string
}

function excessOf({ elapsed_ms_total, attempts_total }: GovernanceBudget, policy: PolicyConfig): Excess | null {
  const { timeout_s, max_attempts_total } = policy.cost_governance
  const limit_ms = timeout_s * 1000
  if (elapsed_ms_total > limit_ms) {
    const text = `${elapsed_ms_total}ms > ${limit_ms}ms (cost_governance.timeout_s)`
    return { rule: 'budget_elapsed_exceeded', text }
  }
  if (max_attempts_total !== null && attempts_total > max_attempts_total) {
    const text = `${attempts_total} attempts > ${max_attempts_total} (cost_governance.max_attempts_total)`
    return { rule: 'budget_attempts_exceeded', text }
  }
  return null
}
