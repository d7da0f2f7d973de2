/** Approvals: what waits for a human, and the human's answer. */
import { z } from 'zod'
import { approvalEventSchemas, approvalInputSchema, approvalStatusSchema } from '../../../machines/approval/schema.ts'
import type { Catalogue } from '../../engine/catalogue.ts'
import type { InstanceView } from '../../engine/types.ts'
import { readableMachines } from '../../instances/access.ts'
import { instanceId } from '../../instances/instance-id.ts'
import { instanceAfter } from '../../instances/views.ts'
import { json, ok, operation } from '../../operation.ts'
import { Refusal } from '../../refusal.ts'
import { approvalOf, approvalView } from './approval-view.ts'
import { given } from './given.ts'
import { mayDecide, mayRead } from './may.ts'
import { readableApproval, type Viewer } from './readable.ts'

const path = z.strictObject({ approval_id: instanceId })

const filter = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  offset: z.coerce.number().int().min(0).default(0),
  entity_type: approvalInputSchema.shape.entity_type.optional(),
  entity_id: instanceId.optional(),
  status: approvalStatusSchema.optional(),
})

const review = approvalEventSchemas.approve.pick({ review_comment: true })

const batchReview = review.extend({
  entity_type: approvalInputSchema.shape.entity_type.default('orchestration'),
  entity_ids: z.array(instanceId).min(1).max(100),
})

const batchItem = z.object({
  entity_id: z.uuid(),
  status: approvalStatusSchema.nullable().meta({ description: 'Null when it was not decided' }),
  success: z.boolean(),
  error: z.string().optional(),
  error_code: z.string().optional(),
})
type BatchItem = z.input<typeof batchItem>

const batchResult = z.object({
  total: z.int(),
  success_count: z.int(),
  failed_count: z.int(),
  results: z.array(batchItem),
})

/** An entity has at most one approval per stage (HI-1). */
const MOST_PER_ENTITY = 10

/** Those the viewer may see, newest first. */
async function approvalsOf(
  wanted: Readonly<Record<string, string>>,
  { catalogue, reads, principal }: Viewer,
): Promise<readonly InstanceView[]> {
  const [readable] = readableMachines(catalogue, principal, ['approval'])
  if (readable === undefined) return []
  const { machines, attributes } = readable
  const filter = { tenant: principal.tenant, machines, attributes: { ...wanted, ...attributes } }
  return reads.listViews({ ...filter, limit: MOST_PER_ENTITY })
}

export function approvalOperations(catalogue: Catalogue) {
  return {
    'approval.list': operation({
      summary: 'Approvals the caller may see, newest first.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/approvals',
        answer: json(z.object({ total: z.int(), items: z.array(approvalView) })),
      },
      params: { query: filter },
      async execute({ params: { query }, principal, reads }) {
        const { limit, offset, ...filters } = query
        const [readable] = readableMachines(catalogue, principal, ['approval'])
        if (readable === undefined) return ok({ total: 0, items: [] })
        const { machines, attributes } = readable
        const wanted = { tenant: principal.tenant, machines, attributes: { ...given(filters), ...attributes } }
        const [found, total] = await Promise.all([reads.listViews({ ...wanted, limit, offset }), reads.count(wanted)])
        return ok({ total, items: found.map(approvalOf) })
      },
    }),

    'approval.read': operation({
      summary: 'An approval.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/approvals/{approval_id}', answer: json(approvalView) },
      params: { path },
      async execute({ params, principal, reads }) {
        const approval = await readableApproval(params.path.approval_id, { catalogue, reads, principal })
        return ok(approvalOf(approval), { revision: approval.revision })
      },
    }),

    'approval.history': operation({
      summary: 'All approvals of what this one is about, oldest first.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/approvals/{approval_id}/history',
        answer: json(z.object({ entity_id: z.uuid(), items: z.array(approvalView) })),
      },
      params: { path },
      async execute({ params, principal, reads }) {
        const viewer = { catalogue, reads, principal }
        const { entity_type, entity_id } = approvalOf(await readableApproval(params.path.approval_id, viewer))
        const found = await approvalsOf({ entity_type, entity_id }, viewer)
        return ok({ entity_id, items: found.map(approvalOf).toReversed() })
      },
    }),

    'approval.batch_approve': batch(
      'approve',
      'Accept the risk of several runs; one that cannot be decided stops no other.',
    ),
    'approval.batch_reject': batch('reject', 'Refuse several runs; one that cannot be decided stops no other.'),

    'approval.approve': decision('approve', 'Accept the risk: the run goes on, or is worth what its tests say.'),
    'approval.reject': decision('reject', 'Refuse: the run amounts to FAIL.'),
  }

  /** HI-8. */
  function batch(type: 'approve' | 'reject', summary: string) {
    return operation({
      summary,
      roles: mayDecide,
      cross_domain_deps: ['run'],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: `/approvals/batch-${type}`, answer: json(batchResult) },
      params: { body: batchReview },
      async execute({ params: { body }, principal, reads, writes, correlation_id }) {
        const viewer = { catalogue, reads, principal }
        const { entity_ids, entity_type, ...review } = body
        const results: BatchItem[] = []
        for (const entity_id of new Set(entity_ids)) {
          const [pending] = await approvalsOf({ entity_type, entity_id, status: 'pending' }, viewer)
          results.push(await decided(entity_id, pending?.instance_id))
        }
        const success_count = results.filter(({ success }) => success).length
        return ok({ total: results.length, success_count, failed_count: results.length - success_count, results })

        async function decided(entity_id: string, approval_id: string | undefined): Promise<BatchItem> {
          if (approval_id === undefined) {
            return { entity_id, status: null, success: false, error: 'No approval of it is pending' }
          }
          try {
            const event = { type, ...review }
            const receipt = await writes.send({ instance_id: approval_id, event, by: principal, correlation_id })
            const { status } = approvalOf(await instanceAfter(receipt, viewer))
            return { entity_id, status, success: true }
          } catch (refusal) {
            if (!(refusal instanceof Refusal)) throw refusal
            return { entity_id, status: null, success: false, error: refusal.message, error_code: refusal.code }
          }
        }
      },
    })
  }

  function decision(type: 'approve' | 'reject', summary: string) {
    return operation({
      summary,
      roles: mayDecide,
      cross_domain_deps: ['run'],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: `/approvals/{approval_id}/${type}`, answer: json(approvalView) },
      params: { path, body: review.default({}) },
      async execute({ params, principal, reads, writes, request, expected_revision, correlation_id }) {
        const viewer = { catalogue, reads, principal }
        const { approval_id } = params.path
        await readableApproval(approval_id, viewer)
        const event = { type, ...params.body }
        const receipt = await writes.send({
          instance_id: approval_id,
          event,
          by: principal,
          request,
          expected_revision,
          correlation_id,
        })
        const approval = await instanceAfter(receipt, viewer)
        return ok(approvalOf(approval), { revision: receipt.revision })
      },
    })
  }
}
