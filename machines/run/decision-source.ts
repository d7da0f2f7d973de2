import type { DecisionSource } from './evidence.ts'
import type { RunContext } from './schema.ts'

/** Who decides, or has decided, about a run: null when nobody does, because it is dry, cancelled or refused (EV-2, BU-4). */
export function decisionSource({ input, budget, settled, cancelled_by }: RunContext): DecisionSource | null {
  if (cancelled_by !== null) return null
  if (budget.short_circuited) return 'governance_short_circuit'
  if (settled !== null || input.dry_run) return null
  return 'gate_evaluator'
}
