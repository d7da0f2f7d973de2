/** What may be said to a run, and what it remembers. */
import { z } from 'zod'
import { momentSchema } from '../definition.ts'
import { evidenceSchema, evidenceSummarySchema, governanceBudgetSchema } from './evidence.ts'
import { policyMetaSchema, policySchema, sha256Schema } from './policy.ts'
import { toolRequestSchema, toolResultSchema } from './tool.ts'

const ARGS_LIMIT_BYTES = 64 * 1024

const sentence = z.string().trim().min(1).max(10_000)
const toolArgs = z.record(z.string(), z.unknown())
const timeout_s = z.int().min(1).max(3600)

const orchestrationOptionsSchema = z.strictObject({
  tool_name: z.string().min(1).default('run_pytest'),
  args: toolArgs
    .refine((args) => bytesOf(args) <= ARGS_LIMIT_BYTES, `must be at most ${ARGS_LIMIT_BYTES} bytes as JSON`)
    .default({}),
  timeout_s: timeout_s.default(120),
  dry_run: z.boolean().default(false),
})
export type OrchestrationOptions = z.infer<typeof orchestrationOptionsSchema>

/** What a caller asks for (§2.1). */
export const orchestrationRequestSchema = z.strictObject({
  nl_input: sentence,
  environment_id: z.uuid().nullable().default(null),
  options: orchestrationOptionsSchema.nullable().default(null),
})
export type OrchestrationRequest = z.infer<typeof orchestrationRequestSchema>

/** The request once normalised (IN-1 to IN-7): the only form the chart sees. */
export const orchestrationInputSchema = z.strictObject({
  nl_input: sentence,
  environment_id: z.uuid().nullable(),
  tool_name: z.string().min(1),
  tool_args: toolArgs,
  timeout_s,
  dry_run: z.boolean(),
})
export type OrchestrationInput = z.infer<typeof orchestrationInputSchema>

export const outcomeSchema = z.enum(['PASS', 'FAIL'])
export type Outcome = z.infer<typeof outcomeSchema>

export const decisionSchema = z.enum(['PASS', 'FAIL', 'NEED_HITL'])

/** A yes or no with its reasons: of the gate once the risk is set aside (GA-9), or of what settled the run before it. */
export const judgementSchema = z.strictObject({
  decision: outcomeSchema,
  reason: z.string().min(1),
  triggered_rules: z.array(z.string()),
})
export type Judgement = z.infer<typeof judgementSchema>

/** GA-8. */
export const gateResultSchema = z.strictObject({
  decision: decisionSchema,
  reason: z.string().min(1),
  triggered_rules: z.array(z.string()),
  evidence_summary: evidenceSummarySchema.nullable(),
  approval_id: z.uuid().nullable(),
  ai_review_result: z.record(z.string(), z.unknown()).nullable(),
  /** What the run is worth if the human says yes. */
  underlying: judgementSchema.nullable(),
})
export type GateResult = z.infer<typeof gateResultSchema>

/** Why a human must look at the run, and whether before the tool runs or after (HI-9). */
const approvalNeedSchema = z.strictObject({
  stage: z.enum(['plan', 'gate']),
  /** The keyword or pattern; null when the tool itself is reason enough. */
  match: z.string().nullable(),
  reason: z.string().min(1),
})
export type ApprovalNeed = z.infer<typeof approvalNeedSchema>

/** What the planner answers: one tool call, and whether somebody must agree to it. */
export const planSchema = z.strictObject({
  tool_request: toolRequestSchema,
  /** What the tool is about to do, as text for the risk check (HR-1). */
  risk_text: z.string(),
  needs_approval: approvalNeedSchema.nullable(),
})
export type Plan = z.infer<typeof planSchema>

export const budgetRulingSchema = z.strictObject({
  budget: governanceBudgetSchema,
  /** Null while the budget holds. */
  judgement: judgementSchema.nullable(),
})
export type BudgetRuling = z.infer<typeof budgetRulingSchema>

export const collectedSchema = z.strictObject({
  evidence: evidenceSchema,
  evidence_sha256: sha256Schema,
  report_path: z.string().min(1),
})
export type Collected = z.infer<typeof collectedSchema>

export const runContextSchema = z.strictObject({
  input: orchestrationInputSchema,
  moment: momentSchema,
  run_id: z.uuid(),
  owner_id: z.string(),
  policy: policySchema.nullable(),
  policy_meta: policyMetaSchema.nullable(),
  policy_hash: sha256Schema.nullable(),
  tool_request: toolRequestSchema.nullable(),
  risk_text: z.string(),
  needs_approval: approvalNeedSchema.nullable(),
  /** The risk a human accepted before the tool ran; the gate does not ask again (HI-5). */
  approved_match: z.string().nullable(),
  tool_result: toolResultSchema.nullable(),
  budget: governanceBudgetSchema,
  /** What settled the run before its gate: the budget, or a human's no. It becomes the decision with the evidence. */
  settled: judgementSchema.nullable(),
  evidence: evidenceSchema.nullable(),
  evidence_sha256: sha256Schema.nullable(),
  report_path: z.string().nullable(),
  decision: decisionSchema.nullable(),
  reason: z.string().nullable(),
  triggered_rules: z.array(z.string()),
  underlying: judgementSchema.nullable(),
  decided_at: z.iso.datetime().nullable(),
  outcome: outcomeSchema.nullable(),
  outcome_at: z.iso.datetime().nullable(),
  approval_id: z.uuid().nullable(),
  cancelled_by: z.string().nullable(),
  error_code: z.string().nullable(),
  messages: z.array(z.string()),
})
export type RunContext = z.infer<typeof runContextSchema>

const reviewed = { reviewer: z.string(), review_comment: z.string().nullable() }

/** Every event a run takes; all but the first come from its approval. */
export const runEventSchemas = {
  'run.cancelled': z.strictObject({ type: z.literal('run.cancelled') }),
  'approval.created': z.strictObject({ type: z.literal('approval.created'), approval_id: z.uuid() }),
  'approval.approved': z.strictObject({ type: z.literal('approval.approved'), ...reviewed }),
  'approval.rejected': z.strictObject({ type: z.literal('approval.rejected'), ...reviewed }),
  'approval.expired': z.strictObject({ type: z.literal('approval.expired') }),
  'approval.cancelled': z.strictObject({ type: z.literal('approval.cancelled') }),
}
export type RunEvent = z.infer<(typeof runEventSchemas)[keyof typeof runEventSchemas]>

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length
}
