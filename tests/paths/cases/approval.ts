/** Approvals with and without a deadline, decided by somebody else than who asked. */
import type { ApprovalInput } from '../../../machines/approval/schema.ts'
import { ada, grace } from '../../machines/support/walk.ts'
import { type Cases, saidBy } from '../cases.ts'

const asked: ApprovalInput = {
  entity_type: 'orchestration',
  entity_id: '01990000-0000-7000-8000-0000000000aa',
  stage: 'gate',
  reason: 'High risk: the run matches "delete"',
  requested_by: ada.id,
  expires_after_s: null,
  allow_self_approval: false,
}

export const approvalCases: Cases = {
  below: {
    takes: ['approval.created', 'approval.approved', 'approval.rejected', 'approval.expired', 'approval.cancelled'],
    handsOn: ['cancel'],
  },
  starts: {
    'without a deadline': { input: asked },
    'with a deadline': { input: { ...asked, expires_after_s: 60 } },
  },
  says: {
    approve: [saidBy(grace, { review_comment: 'checked' })],
    reject: [saidBy(grace)],
  },
}
