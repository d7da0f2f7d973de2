import type { Asked, Reason } from '../definition.ts'
import type { ApprovalContext } from './schema.ts'

/** Why a review is not taken: only a pending approval can be decided (HI-3), and perhaps not by who asked (HI-6). */
export function refuseReview({ context, event }: Asked<ApprovalContext>): Reason | undefined {
  if (event.type !== 'approve' && event.type !== 'reject') return undefined
  const { status, input, moment } = context
  if (status !== 'pending') {
    return {
      code: 'APPROVAL_NOT_PENDING',
      message: `The approval is ${status}; only a pending one can be decided`,
      fields: { approval_status: status },
    }
  }
  if (!input.allow_self_approval && moment.by.id === input.requested_by) {
    return {
      code: 'SELF_APPROVAL_FORBIDDEN',
      message: `The policy lets nobody decide what they asked for, and "${moment.by.id}" asked for this`,
    }
  }
  return undefined
}
