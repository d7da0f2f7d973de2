/**
 * The request to a human, answered once: pending → approved, rejected, expired or cancelled. Whoever asked is its
 * parent and is told of each, from the state that was entered.
 */
import { assign, sendParent, setup } from 'xstate'
import type { Start } from '../definition.ts'
import type { ApprovalContext, ApprovalEvent, ApprovalInput, ApprovalStatus } from './schema.ts'

interface Asked {
  readonly context: ApprovalContext
}

const created = ({ input: start }: { input: Start<ApprovalInput> }): ApprovalContext => ({
  ...start,
  status: 'pending',
  reviewer: null,
  review_comment: null,
  created_at: start.moment.at,
  reviewed_at: null,
})

/** HI-6: the reviewer is whoever was authenticated, never a name in the text. */
const review = ({ context: { moment }, event }: Asked & { event: ApprovalEvent }) => ({
  reviewer: moment.by.id,
  review_comment: 'review_comment' in event ? (event.review_comment ?? null) : null,
  reviewed_at: moment.at,
})

const asStatus = (_: Asked, { status }: { status: ApprovalStatus }) => ({ status })

const expires = ({ context }: Asked) => context.input.expires_after_s !== null
const timeLeft = ({ context }: Asked) => (context.input.expires_after_s ?? 0) * 1000

const creation = ({ self }: { self: { id: string } }) => ({ type: 'approval.created', approval_id: self.id })
const answer = ({ context: { status, reviewer, review_comment } }: Asked) => ({
  type: `approval.${status}`,
  reviewer,
  review_comment,
})
const ending = ({ context }: Asked) => ({ type: `approval.${context.status}` })

export const approvalMachine = setup({
  types: {} as { context: ApprovalContext; input: Start<ApprovalInput>; events: ApprovalEvent },
  guards: { expires },
  delays: { timeLeft },
  actions: {
    keepReview: assign(review),
    become: assign(asStatus),
    tellCreation: sendParent(creation),
    tellAnswer: sendParent(answer),
    tellEnding: sendParent(ending),
  },
}).createMachine({
  id: 'approval',
  version: '1.0.0',
  context: created,
  initial: 'pending',
  states: {
    pending: {
      tags: 'waiting_for_human',
      entry: 'tellCreation',
      on: {
        approve: { target: 'approved', actions: 'keepReview' },
        reject: { target: 'rejected', actions: 'keepReview' },
        cancel: 'cancelled',
      },
      initial: 'opening',
      states: {
        opening: { always: [{ guard: 'expires', target: 'until_deadline' }, { target: 'open_ended' }] },
        until_deadline: { after: { timeLeft: '#approval.expired' } },
        open_ended: {},
      },
    },
    approved: { type: 'final', entry: [{ type: 'become', params: { status: 'approved' } }, 'tellAnswer'] },
    rejected: { type: 'final', entry: [{ type: 'become', params: { status: 'rejected' } }, 'tellAnswer'] },
    expired: { type: 'final', entry: [{ type: 'become', params: { status: 'expired' } }, 'tellEnding'] },
    cancelled: { type: 'final', entry: [{ type: 'become', params: { status: 'cancelled' } }, 'tellEnding'] },
  },
})
