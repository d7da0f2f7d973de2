import type { Attributes } from '../definition.ts'
import type { ApprovalContext } from './schema.ts'

export function describeApproval({ input, status, reviewer }: ApprovalContext): {
  title: string
  attributes: Attributes
} {
  const { entity_type, entity_id, stage, reason, requested_by } = input
  return { title: reason, attributes: { entity_type, entity_id, stage, status, owner_id: requested_by, reviewer } }
}
