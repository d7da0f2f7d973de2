/** The work a run hands out: what each piece is told, drawn from what the run remembers. */
import type { ApprovalInput } from '../approval/schema.ts'
import { decisionSource } from './decision-source.ts'
import type { DecisionSource, Evidence, GovernanceBudget } from './evidence.ts'
import { known } from './known.ts'
import type { PolicyConfig } from './policy.ts'
import type { ApprovalNeed, OrchestrationInput, RunContext } from './schema.ts'
import type { ToolRequest, ToolResult } from './tool.ts'

export type LoadPolicyInput = Record<string, never>

export interface PlanToolInput {
  readonly run_id: string
  readonly input: OrchestrationInput
  readonly policy: PolicyConfig
}

export interface ExecuteToolInput {
  readonly run_id: string
  readonly tool_request: ToolRequest
  readonly policy: PolicyConfig
  /** For the report of a dry run, which asks nobody (TX-7). */
  readonly would_require_approval: ApprovalNeed | null
}

export interface EnforceBudgetInput {
  readonly budget: GovernanceBudget
  readonly policy: PolicyConfig
}

export interface CollectEvidenceInput {
  readonly run_id: string
  readonly input: OrchestrationInput
  readonly policy: PolicyConfig
  readonly policy_hash: string
  readonly tool_request: ToolRequest
  /** Null when nothing was executed. */
  readonly tool_result: ToolResult | null
  readonly budget: GovernanceBudget
  readonly decision_source: DecisionSource | null
}

export interface EvaluateGateInput {
  readonly evidence: Evidence
  readonly policy: PolicyConfig
  /** What the tool was about to do, as text (HR-1). */
  readonly risk_text: string
  /** The risk a human accepted before the tool ran. */
  readonly approved_match: string | null
}

interface Asked {
  readonly context: RunContext
}

export const forPolicy = (): LoadPolicyInput => ({})

export const forPlan = ({ context }: Asked): PlanToolInput => ({
  run_id: context.run_id,
  input: context.input,
  policy: known(context, 'policy'),
})

export const forExecution = ({ context }: Asked): ExecuteToolInput => ({
  run_id: context.run_id,
  tool_request: known(context, 'tool_request'),
  policy: known(context, 'policy'),
  would_require_approval: context.needs_approval,
})

export const forBudget = ({ context }: Asked): EnforceBudgetInput => ({
  budget: context.budget,
  policy: known(context, 'policy'),
})

export const forEvidence = ({ context }: Asked): CollectEvidenceInput => ({
  run_id: context.run_id,
  input: context.input,
  policy: known(context, 'policy'),
  policy_hash: known(context, 'policy_hash'),
  tool_request: known(context, 'tool_request'),
  tool_result: context.tool_result,
  budget: context.budget,
  decision_source: decisionSource(context),
})

export const forGate = ({ context }: Asked): EvaluateGateInput => ({
  evidence: known(context, 'evidence'),
  policy: known(context, 'policy'),
  risk_text: context.risk_text,
  approved_match: context.approved_match,
})

export const forPlanApproval = ({ context }: Asked): ApprovalInput => ({
  ...forApproval(context),
  stage: 'plan',
  reason: known(context, 'needs_approval').reason,
})

export const forGateApproval = ({ context }: Asked): ApprovalInput => ({
  ...forApproval(context),
  stage: 'gate',
  reason: known(context, 'reason'),
})

function forApproval(context: RunContext) {
  const { expires_after_s, allow_self_approval } = known(context, 'policy').hitl
  return {
    entity_type: 'orchestration' as const,
    entity_id: context.run_id,
    requested_by: context.owner_id,
    expires_after_s,
    allow_self_approval,
  }
}
