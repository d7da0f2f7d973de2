/** What happened: one instance's steps, everybody's steps in order, and the same as they happen. */
import { z } from 'zod'
import { type Principal, roles } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import type { JournalEntry, JournalFilter, Reads } from '../engine/types.ts'
import { json, ok, operation, type StreamItem, stream } from '../operation.ts'
import { invalid } from '../params.ts'
import { Refusal } from '../refusal.ts'
import { mayRead, readableMachines } from './access.ts'
import { instanceId } from './instance-id.ts'
import { definitionOf, knownMachine, machineNames } from './known-machine.ts'
import { journalEntry, readableInstance } from './views.ts'

const limit = z.coerce.number().int().min(1).max(1000).default(200)
const sequence = z.coerce.number().int().min(-1)
const entries = z.array(journalEntry).readonly()

/** A notification can be lost, so a stream looks for itself at least this often. */
const POLL_MS = 500
const STREAM_PAGE = 500

export function journalOperations(catalogue: Catalogue) {
  return {
    'instance.journal': operation({
      summary: 'Every step of an instance, oldest first.',
      roles,
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/instances/{id}/journal',
        answer: json(z.object({ instance_id: z.uuid(), entries, next_revision: z.int().nullable() })),
      },
      params: {
        path: z.strictObject({ id: instanceId }),
        query: z.strictObject({ from_revision: z.coerce.number().int().min(1).default(1), limit }),
      },
      async execute({ params: { path, query }, principal, reads }) {
        const { instance_id, tenant } = await readableInstance(path.id, { catalogue, reads, principal })
        const found = await reads.journal(tenant, instance_id, query.from_revision, query.limit + 1)
        const entries = found.slice(0, query.limit)
        return ok({ instance_id, entries, next_revision: found[query.limit]?.revision ?? null })
      },
    }),

    'journal.list': operation({
      summary: 'Every step of every instance the caller may read, in the order they were committed.',
      roles,
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/journal',
        answer: json(z.object({ entries, next_after: z.int().meta({ description: 'Hand it back as `after`' }) })),
      },
      params: {
        query: z.strictObject({
          after: sequence.default(-1).meta({ description: 'Begin behind this sequence' }),
          limit,
        }),
      },
      async execute({ params: { query }, principal, reads }) {
        const found = await reads.entries({ ...filterFor({ catalogue, principal }), ...query })
        const visible = visibleTo({ catalogue, principal, reads })
        const entries = []
        for (const entry of found) if (await visible(entry)) entries.push(entry)
        return ok({ entries, next_after: found.at(-1)?.sequence ?? query.after })
      },
    }),

    'journal.stream': operation({
      summary: 'The journal as server-sent events, from now on or behind `Last-Event-ID` or `after`.',
      roles,
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/stream', answer: stream(journalEntry) },
      params: {
        query: z.strictObject({
          machine: z.string().max(100).optional(),
          instance_id: instanceId.optional(),
          after: sequence.optional(),
        }),
      },
      async execute({ params: { query }, principal, reads, last_event_id }) {
        if (query.machine !== undefined) knownMachine(catalogue, query.machine, 'INVALID_FILTER')
        if (query.instance_id !== undefined) await readableInstance(query.instance_id, { catalogue, reads, principal })
        // Taken before the answer begins, so that whoever lists after connecting misses nothing in between.
        const after = lastSeen(last_event_id) ?? query.after ?? (await reads.head()).next_sequence - 1
        const filter = { ...filterFor({ catalogue, principal, ...query }), after }
        const visible = visibleTo({ catalogue, principal, reads })
        return ok((closed) => follow({ reads, filter, closed, visible }))
      },
    }),
  }
}

interface Reader {
  readonly catalogue: Catalogue
  readonly principal: Principal
}

interface Wanted extends Reader {
  readonly machine?: string | undefined
  readonly instance_id?: string | undefined
}

function filterFor({ catalogue, principal, machine, instance_id }: Wanted) {
  const names = machine === undefined ? machineNames(catalogue) : [machine]
  const machines = readableMachines(catalogue, principal, names).flatMap((readable) => readable.machines)
  if (machines.length > 0) return { tenant: principal.tenant, machines, instance_id }
  throw new Refusal('PERMISSION_DENIED', `"${principal.id}" may read no instance of ${names.join(', ')}`)
}

/** Entries do not say who owns their instance, so where that matters the instance is looked up, once per answer. */
function visibleTo({
  catalogue,
  principal,
  reads,
}: Reader & { reads: Reads }): (entry: JournalEntry) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>()
  const look = async (entry: JournalEntry) => {
    const view = await reads.instance(principal.tenant, entry.instance_id)
    return view !== null && mayRead(definitionOf(catalogue, view), principal, view)
  }
  return (entry) => {
    if (mayRead(definitionOf(catalogue, entry), principal, { attributes: {} })) return Promise.resolve(true)
    const answer = known.get(entry.instance_id) ?? look(entry)
    known.set(entry.instance_id, answer)
    return answer
  }
}

interface Following {
  readonly reads: Reads
  readonly filter: Omit<JournalFilter, 'limit'>
  readonly closed: AbortSignal
  readonly visible: (entry: JournalEntry) => Promise<boolean>
}

async function* follow({ reads, filter, closed, visible }: Following): AsyncGenerator<StreamItem> {
  let { after } = filter
  while (!closed.aborted) {
    const entries = await reads.entries({ ...filter, after, limit: STREAM_PAGE })
    for (const entry of entries) {
      after = entry.sequence
      if (await visible(entry)) yield { id: String(entry.sequence), event: 'entry', data: entry }
    }
    if (entries.length < STREAM_PAGE) await reads.nextCommit(POLL_MS, closed)
  }
}

function lastSeen(last_event_id: string | undefined): number | undefined {
  if (last_event_id === undefined || last_event_id === '') return undefined
  if (/^\d{1,15}$/.test(last_event_id)) return Number(last_event_id)
  throw invalid('INVALID_REQUEST', [{ field: 'Last-Event-ID', wanted: 'a sequence number', got: last_event_id }])
}
