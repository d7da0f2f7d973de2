/** Instances of any machine: start, list, look at one. */
import { z } from 'zod'
import { roles } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import type { InstanceSummary, ListFilter, Reads } from '../engine/types.ts'
import { json, ok, operation } from '../operation.ts'
import { parsed } from '../params.ts'
import { type ReadableMachines, readableMachines, requireAdmission } from './access.ts'
import { instanceId } from './instance-id.ts'
import { knownMachine, machineNames } from './known-machine.ts'
import {
  answerOf,
  instanceAfter,
  instanceAnswer,
  instanceNotFound,
  instanceSummary,
  readableInstance,
} from './views.ts'

const start = z.strictObject({
  machine: z.string().max(100),
  input: z.unknown().meta({ description: "Must fit the machine's input schema: GET /machines/{machine}" }),
})

const filter = z.strictObject({
  machine: z.string().max(100).optional(),
  state: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'A state, dotted when nested, or the beginning of its path' }),
  status: instanceSummary.shape.status.optional(),
  tag: z.string().max(100).optional(),
  parent_id: instanceId.optional(),
  q: z.string().max(200).optional().meta({ description: 'Part of the title or of an attribute' }),
  cursor: instanceId.optional().meta({ description: '`next_cursor` of the page before' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

const page = z.object({
  instances: z.array(instanceSummary).readonly(),
  next_cursor: z.uuid().nullable(),
})

export function instanceOperations(catalogue: Catalogue) {
  return {
    'instance.start': operation({
      summary: 'Start an instance of a machine.',
      roles,
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: '/instances', answer: json(instanceAnswer, 201) },
      params: { body: start },
      async execute({ params: { body }, principal, reads, writes, request, correlation_id }) {
        const definition = knownMachine(catalogue, body.machine, 'INVALID_REQUEST')
        requireAdmission(`Starting "${body.machine}"`, definition.access.start, principal)
        const input = parsed(definition.input, body.input, { under: 'input' })
        const receipt = await writes.start({ machine: body.machine, input, by: principal, request, correlation_id })
        const viewer = { catalogue, reads, principal }
        return ok(answerOf(await instanceAfter(receipt, viewer), viewer), {
          revision: receipt.revision,
          location: `/instances/${receipt.instance_id}`,
        })
      },
    }),

    'instance.list': operation({
      summary: 'Instances the caller may read, newest first.',
      roles,
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/instances', answer: json(page) },
      params: { query: filter },
      async execute({ params: { query }, principal, reads }) {
        const { machine, cursor, limit, ...rest } = query
        const names =
          machine === undefined ? machineNames(catalogue) : [knownMachine(catalogue, machine, 'INVALID_FILTER').name]
        const readable = readableMachines(catalogue, principal, names)
        // One more than asked for tells whether another page follows.
        const wanted = { ...rest, tenant: principal.tenant, after: cursor, limit: limit + 1 }
        const found = await newestOf(reads, readable, wanted)
        const instances = found.slice(0, limit)
        return ok({ instances, next_cursor: found.length > limit ? (instances.at(-1)?.instance_id ?? null) : null })
      },
    }),

    'instance.read': operation({
      summary: 'An instance as it is, or with `revision` as it was.',
      roles,
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/instances/{id}', answer: json(instanceAnswer) },
      params: {
        path: z.strictObject({ id: instanceId }),
        query: z.strictObject({ revision: z.coerce.number().int().min(1).optional() }),
      },
      async execute({ params: { path, query }, principal, reads }) {
        const viewer = { catalogue, reads, principal }
        const now = await readableInstance(path.id, viewer)
        const { revision = now.revision } = query
        const view = revision === now.revision ? now : await reads.instanceAt(principal.tenant, path.id, revision)
        if (view === null) throw instanceNotFound(path.id, revision)
        return ok(answerOf(view, viewer), { revision })
      },
    }),
  }
}

/** Each group is asked for by itself, since its rows are narrowed differently; ids sort by age, so merging is exact. */
async function newestOf(
  reads: Reads,
  readable: readonly ReadableMachines[],
  filter: ListFilter,
): Promise<readonly InstanceSummary[]> {
  const lists = await Promise.all(readable.map((narrowed) => reads.list({ ...filter, ...narrowed })))
  return lists
    .flat()
    .sort((a, b) => (a.instance_id < b.instance_id ? 1 : -1))
    .slice(0, filter.limit)
}
