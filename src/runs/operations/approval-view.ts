/** An approval as its reviewers see it. */
import { z } from 'zod'
import {
  type ApprovalContext,
  approvalContextSchema,
  approvalInputSchema,
  approvalStatusSchema,
} from '../../../machines/approval/schema.ts'
import type { InstanceView } from '../../engine/types.ts'

export const approvalView = z.object({
  id: z.uuid(),
  entity_type: approvalInputSchema.shape.entity_type,
  entity_id: z.uuid(),
  stage: approvalInputSchema.shape.stage,
  status: approvalStatusSchema,
  reason: z.string(),
  requested_by: z.string(),
  reviewer: approvalContextSchema.shape.reviewer,
  review_comment: approvalContextSchema.shape.review_comment,
  reviewed_at: approvalContextSchema.shape.reviewed_at,
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
})
export type Approval = z.input<typeof approvalView>

export function approvalOf({ instance_id, context }: InstanceView): Approval {
  const { input, status, reviewer, review_comment, reviewed_at, created_at } = context as unknown as ApprovalContext
  const { entity_type, entity_id, stage, reason, requested_by, expires_after_s } = input
  return {
    id: instance_id,
    ...{ entity_type, entity_id, stage, status, reason, requested_by },
    ...{ reviewer, review_comment, reviewed_at, created_at },
    expires_at:
      expires_after_s === null ? null : new Date(Date.parse(created_at) + expires_after_s * 1000).toISOString(),
  }
}
