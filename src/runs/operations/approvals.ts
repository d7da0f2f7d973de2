/** Approvals: what waits for a human, and the human's answer. */
import { z } from 'zod'
import { approvalEventSchemas, approvalInputSchema, approvalStatusSchema } from '../../../machines/approval/schema.ts'
import type { Catalogue } from '../../engine/catalogue.ts'
import { readableMachines } from '../../instances/access.ts'
import { instanceId } from '../../instances/instance-id.ts'
import { instanceAfter } from '../../instances/views.ts'
import { json, ok, operation } from '../../operation.ts'
import { approvalOf, approvalView } from './approval-view.ts'
import { given } from './given.ts'
import { mayDecide, mayRead } from './may.ts'
import { readableApproval } from './readable.ts'

const path = z.strictObject({ approval_id: instanceId })

const filter = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  offset: z.coerce.number().int().min(0).default(0),
  entity_type: approvalInputSchema.shape.entity_type.optional(),
  entity_id: instanceId.optional(),
  status: approvalStatusSchema.optional(),
})

const review = approvalEventSchemas.approve.pick({ review_comment: true })

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

    'approval.approve': decision('approve', 'Accept the risk: the run goes on, or is worth what its tests say.'),
    'approval.reject': decision('reject', 'Refuse: the run amounts to FAIL.'),
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
