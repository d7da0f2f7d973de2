/** What a run remembers of each thing that happens to it. Every function answers with the keys that change. */
import type { Start } from '../definition.ts'
import { nothingSpent, spent } from './budget.ts'
import { known } from './known.ts'
import { approvedOutcome, deniedPlan, type HitlRule } from './outcome.ts'
import type { LoadedPolicy } from './policy.ts'
import type {
  BudgetRuling,
  Collected,
  GateResult,
  Judgement,
  OrchestrationInput,
  Plan,
  RunContext,
  RunEvent,
} from './schema.ts'
import { type ToolResult, toolResultSchema } from './tool.ts'

type Changes = Partial<RunContext>

interface Asked {
  readonly context: RunContext
}

interface Created {
  readonly input: Start<OrchestrationInput>
  readonly self: { readonly id: string }
}

export const started = ({ input: start, self }: Created): RunContext => ({
  ...start,
  run_id: self.id,
  owner_id: start.moment.by.id,
  policy: null,
  policy_meta: null,
  policy_hash: null,
  tool_request: null,
  risk_text: '',
  needs_approval: null,
  approved_match: null,
  tool_result: null,
  budget: nothingSpent,
  settled: null,
  evidence: null,
  evidence_sha256: null,
  report_path: null,
  decision: null,
  reason: null,
  triggered_rules: [],
  underlying: null,
  decided_at: null,
  outcome: null,
  outcome_at: null,
  approval_id: null,
  cancelled_by: null,
  error_code: null,
  messages: [],
})

export const policy = (_: Asked, { policy, policy_meta, policy_hash }: LoadedPolicy): Changes => ({
  policy,
  policy_meta,
  policy_hash,
})

export const plan = (_: Asked, { tool_request, risk_text, needs_approval }: Plan): Changes => ({
  tool_request,
  risk_text,
  needs_approval,
})

/** BU-1: what a call used up counts at once. */
export const result = ({ context }: Asked, tool_result: ToolResult): Changes => ({
  tool_result,
  budget: spent(context.budget, tool_result.metrics),
})

/** ST-4: a tool that cannot be run is a failed call, which evidence and gate will judge, not a failed run. */
export const faultOfTool = ({ context }: Asked, error: unknown): Changes => {
  const { at } = context.moment
  const error_message = messageOf(error)
  return result(
    { context },
    toolResultSchema.parse({ status: 'failed', error_message, stderr: error_message, started_at: at, ended_at: at }),
  )
}

export const budget = (_: Asked, { budget, judgement }: BudgetRuling): Changes => ({ budget, settled: judgement })

export const evidence = (_: Asked, { evidence, evidence_sha256, report_path }: Collected): Changes => ({
  evidence,
  evidence_sha256,
  report_path,
})

/** What was settled before becomes the decision only now: no decision is without its evidence (INV-1). */
export const settledDecision = ({ context }: Asked): Changes => decided(context, known(context, 'settled'))

export const gateDecision = ({ context }: Asked, result: GateResult): Changes => ({
  ...decided(context, result),
  underlying: result.underlying,
})

export const approval = ({ event }: { event: RunEvent }): Changes =>
  event.type === 'approval.created' ? { approval_id: event.approval_id } : {}

export const acceptedRisk = ({ context }: Asked): Changes => ({
  approved_match: known(context, 'needs_approval').match,
})

export const deniedPlanOf = ({ context }: Asked, { rule }: { rule: HitlRule }): Changes => ({
  settled: deniedPlan(rule, known(context, 'needs_approval')),
})

/** HI-5: the outcome is new, the decision stays as it was written. */
export const grantedOutcome = ({ context }: Asked): Changes => ({
  outcome: approvedOutcome(known(context, 'underlying')),
  outcome_at: context.moment.at,
})

export const deniedOutcome = ({ context }: Asked, { rule }: { rule: HitlRule }): Changes => ({
  outcome: 'FAIL',
  outcome_at: context.moment.at,
  triggered_rules: [...context.triggered_rules, rule],
})

export const cancellation = ({ context }: Asked): Changes => ({ cancelled_by: context.moment.by.id })

export const failure = (_: Asked, { error_code }: { error_code: string }): Changes => ({ error_code })

/** A human's part is still open while the decision is NEED_HITL; anything else is the outcome at once (INV-3). */
function decided({ moment }: RunContext, { decision, reason, triggered_rules }: Judgement | GateResult): Changes {
  const made = { decision, reason, triggered_rules, decided_at: moment.at }
  return decision === 'NEED_HITL' ? made : { ...made, outcome: decision, outcome_at: moment.at }
}

function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return String(error)
}
