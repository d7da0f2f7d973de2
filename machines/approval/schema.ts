/** What an approval is about, what a reviewer may say to it, and what it remembers. */
import { z } from 'zod'
import { momentSchema } from '../definition.ts'

export const approvalStatusSchema = z.enum(['pending', 'approved', 'rejected', 'expired', 'cancelled'])
export type ApprovalStatus = z.infer<typeof approvalStatusSchema>

export const approvalInputSchema = z.strictObject({
  /** Only what can be decided can be created (HI-4): there is one kind so far. */
  entity_type: z.literal('orchestration'),
  entity_id: z.uuid(),
  stage: z.enum(['gate', 'plan']),
  reason: z.string().min(1),
  requested_by: z.string().min(1),
  /** Null: it waits for ever. */
  expires_after_s: z.int().min(60).nullable(),
  allow_self_approval: z.boolean(),
})
export type ApprovalInput = z.infer<typeof approvalInputSchema>

export const approvalContextSchema = z.strictObject({
  input: approvalInputSchema,
  moment: momentSchema,
  status: approvalStatusSchema,
  reviewer: z.string().nullable(),
  review_comment: z.string().nullable(),
  created_at: z.iso.datetime(),
  reviewed_at: z.iso.datetime().nullable(),
})
export type ApprovalContext = z.infer<typeof approvalContextSchema>

const review_comment = z.string().max(10_000).nullish()

export const approvalEventSchemas = {
  approve: z.strictObject({ type: z.literal('approve'), review_comment }),
  reject: z.strictObject({ type: z.literal('reject'), review_comment }),
  /** What was asked about does not need an answer any more. */
  cancel: z.strictObject({ type: z.literal('cancel') }),
}
export type ApprovalEvent = z.infer<(typeof approvalEventSchemas)[keyof typeof approvalEventSchemas]>
