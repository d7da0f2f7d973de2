import { describe, expect, test } from 'vitest'
import { describeApproval } from '../../../machines/approval/describe.ts'
import { approvalMachine } from '../../../machines/approval/machine.ts'
import { refuseReview } from '../../../machines/approval/refuse.ts'
import {
  type ApprovalContext,
  type ApprovalInput,
  approvalContextSchema,
  approvalEventSchemas,
  approvalInputSchema,
} from '../../../machines/approval/schema.ts'
import { runEventSchemas } from '../../../machines/run/schema.ts'
import { ada, clockwork, given, grace, INSTANCE_ID, momentOf } from '../support/walk.ts'

const RUN_ID = '01990000-0000-7000-8000-00000000000a'

const inputOf = (changes: Partial<ApprovalInput> = {}): ApprovalInput => ({
  ...{ entity_type: 'orchestration', entity_id: RUN_ID, stage: 'gate', reason: 'High risk', requested_by: 'ada' },
  ...{ expires_after_s: null, allow_self_approval: true },
  ...changes,
})
const asked = (changes: Partial<ApprovalInput> = {}) => given<ApprovalContext>(approvalMachine, inputOf(changes), ada)

const approve = { type: 'approve', review_comment: 'looks fine' }
const reject = { type: 'reject' }
const timeIsUp = { type: 'xstate.after.timeLeft.approval.pending.until_deadline' }

describe('an approval that is asked for', () => {
  test('is pending, waits for a human and tells its run which one it is', () => {
    const approval = asked()
    expect(approval.state).toBe('pending.open_ended')
    expect(approval.tags).toEqual(['waiting_for_human'])
    expect(approval.context).toMatchObject({ status: 'pending', reviewer: null, created_at: momentOf(0, ada).at })
    expect(approval.sent).toEqual([{ to: 'parent', event: { type: 'approval.created', approval_id: INSTANCE_ID } }])
  })

  test('sets no timer when its policy names no deadline', () => {
    expect(asked().timers).toEqual([])
  })

  test('expires at its deadline when the policy names one', () => {
    const approval = asked({ expires_after_s: 60 })
    expect(approval.state).toBe('pending.until_deadline')
    expect(approval.timers).toEqual([{ event: timeIsUp, delay_ms: 60_000 }])
    const expired = approval.when(timeIsUp, clockwork)
    expect(expired.state).toBe('expired')
    expect(expired.context).toMatchObject({ status: 'expired', reviewer: null, reviewed_at: null })
    expect(expired.sent).toEqual([{ to: 'parent', event: { type: 'approval.expired' } }])
  })
})

describe('a decision (HI-3, HI-4)', () => {
  test('sets status, reviewer, comment and time, and tells the run', () => {
    const approved = asked().when(approve, grace)
    expect(approved.state).toBe('approved')
    expect(approved.context).toMatchObject({
      ...{ status: 'approved', reviewer: 'grace', review_comment: 'looks fine', reviewed_at: momentOf(1, grace).at },
    })
    const told = { type: 'approval.approved', reviewer: 'grace', review_comment: 'looks fine' }
    expect(approved.sent).toEqual([{ to: 'parent', event: told }])
  })

  test('may come without a comment', () => {
    const rejected = asked({ expires_after_s: 60 }).when(reject, grace)
    expect(rejected.state).toBe('rejected')
    const told = { type: 'approval.rejected', reviewer: 'grace', review_comment: null }
    expect(rejected.sent).toEqual([{ to: 'parent', event: told }])
  })

  test('is not needed once the run is cancelled (HI-5)', () => {
    const cancelled = asked().when({ type: 'cancel' })
    expect(cancelled.state).toBe('cancelled')
    expect(cancelled.context).toMatchObject({ status: 'cancelled', reviewer: null })
    expect(cancelled.sent).toEqual([{ to: 'parent', event: { type: 'approval.cancelled' } }])
  })

  test('is told to the run in words it understands', () => {
    const told = [
      asked(),
      asked().when(approve, grace),
      asked().when(reject, grace),
      asked().when({ type: 'cancel' }),
      asked({ expires_after_s: 60 }).when(timeIsUp, clockwork),
    ].flatMap(({ sent }) => sent.map(({ event }) => event))
    expect(told).toHaveLength(5)
    for (const event of told) {
      expect(runEventSchemas[event.type as keyof typeof runEventSchemas].parse(event)).toEqual(event)
    }
  })
})

describe('who may decide', () => {
  const refused = (approval: ReturnType<typeof asked>, by = grace, event = approve) =>
    refuseReview({ value: approval.snapshot.value, context: { ...approval.context, moment: momentOf(9, by) }, event })

  test('anybody may decide a pending approval, even who asked for it (HI-6)', () => {
    expect(refused(asked())).toBeUndefined()
    expect(refused(asked(), ada)).toBeUndefined()
  })

  test('only a pending approval can be decided (HI-3)', () => {
    const reason = { code: 'APPROVAL_NOT_PENDING', fields: { approval_status: 'approved' } }
    expect(refused(asked().when(approve, grace))).toMatchObject(reason)
    expect(refused(asked().when(reject, grace), grace, { ...approve, type: 'reject' })).toMatchObject({
      code: reason.code,
    })
  })

  test('a policy may forbid to decide what one asked for (HI-6)', () => {
    const strict = asked({ allow_self_approval: false })
    expect(refused(strict, ada)).toMatchObject({ code: 'SELF_APPROVAL_FORBIDDEN' })
    expect(refused(strict, grace)).toBeUndefined()
  })

  test('withdrawing is nobody’s decision', () => {
    expect(refused(asked({ allow_self_approval: false }), ada, { ...approve, type: 'cancel' })).toBeUndefined()
  })
})

test('only what can be decided can be asked about (HI-4)', () => {
  expect(approvalInputSchema.safeParse({ ...inputOf(), entity_type: 'scenario' }).success).toBe(false)
})

test('a decision carries a comment and nothing else', () => {
  expect(approvalEventSchemas.approve.safeParse(approve).success).toBe(true)
  expect(approvalEventSchemas.approve.safeParse({ ...approve, reviewer: 'somebody' }).success).toBe(false)
})

test('an approval is found by what it is about, its stage and status, and by who asked', () => {
  const { context } = asked().when(approve, grace)
  expect(approvalContextSchema.parse(context)).toEqual(context)
  expect(describeApproval(context)).toEqual({
    title: 'High risk',
    attributes: {
      ...{ entity_type: 'orchestration', entity_id: RUN_ID, stage: 'gate', status: 'approved' },
      ...{ owner_id: 'ada', reviewer: 'grace' },
    },
  })
})
