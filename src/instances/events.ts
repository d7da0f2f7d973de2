/** Tell an instance something: only what its machine declares as public, and only in the shape it declares. */
import { z } from 'zod'
import { roles } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import { json, ok, operation } from '../operation.ts'
import { invalid, parsed } from '../params.ts'
import { requireAdmission } from './access.ts'
import { instanceId } from './instance-id.ts'
import { definitionOf } from './known-machine.ts'
import { answerOf, instanceAfter, instanceAnswer, readableInstance } from './views.ts'

const event = z.looseObject({ type: z.string().min(1).max(100) })

export function eventOperations(catalogue: Catalogue) {
  return {
    'instance.send': operation({
      summary: 'Send an event; answers with the instance after the turn it caused.',
      roles,
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: '/instances/{id}/events', answer: json(instanceAnswer) },
      params: { path: z.strictObject({ id: instanceId }), body: event },
      async execute({ params: { path, body }, principal, reads, writes, request, expected_revision, correlation_id }) {
        const viewer = { catalogue, reads, principal }
        const { events, access, name } = definitionOf(catalogue, await readableInstance(path.id, viewer))
        const schema = Object.hasOwn(events, body.type) ? events[body.type] : undefined
        if (schema === undefined) {
          const wanted = `an event of machine "${name}": ${Object.keys(events).join(', ')}`
          throw invalid('INVALID_REQUEST', [{ field: 'type', wanted, got: body.type }])
        }
        requireAdmission(`Event "${body.type}"`, access.events[body.type], principal)
        const receipt = await writes.send({
          instance_id: path.id,
          event: parsed(schema, body) as typeof body,
          by: principal,
          request,
          expected_revision,
          correlation_id,
        })
        return ok(answerOf(await instanceAfter(receipt, viewer), viewer), { revision: receipt.revision })
      },
    }),
  }
}
