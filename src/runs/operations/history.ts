/** What happened in a run: its audit, and its events as they happen. */
import { z } from 'zod'
import type { Catalogue } from '../../engine/catalogue.ts'
import type { InstanceView, JournalEntry, Reads } from '../../engine/types.ts'
import { type InstanceId, instanceId } from '../../instances/instance-id.ts'
import { json, ok, operation, type StreamItem, stream } from '../../operation.ts'
import { auditOf, auditRow } from '../history/audit.ts'
import { runEvent, runEventsOf } from '../history/run-events.ts'
import { mayAudit, mayRead } from './may.ts'
import { readableRun } from './readable.ts'

const path = z.strictObject({ run_id: instanceId })

/** A notification can be lost, so a stream looks for itself at least this often. */
const POLL_MS = 500
/** AU-8; a run has far fewer steps. */
const MOST_ROWS = 1000

export interface HistoryParts {
  readonly catalogue: Catalogue
  /** AU-6: off, the audit answers that it is off; the journal is written all the same (D37). */
  readonly audit_enabled: boolean
}

export function historyOperations({ catalogue, audit_enabled }: HistoryParts) {
  return {
    'audit.read': operation({
      summary: 'What was done in a run, by whom and with which result, oldest first.',
      roles: mayAudit,
      cross_domain_deps: ['run'],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/audit/{run_id}',
        answer: json(
          z.object({ run_id: z.uuid(), events: z.array(auditRow), count: z.int(), audit_enabled: z.boolean() }),
        ),
      },
      params: {
        path,
        query: z.strictObject({ limit: z.coerce.number().int().min(1).max(MOST_ROWS).default(MOST_ROWS) }),
      },
      async execute({ params, principal, reads }) {
        const run = await readableRun(params.path.run_id, { catalogue, reads, principal })
        const rows = audit_enabled ? auditOf(run, await stepsOf(run, reads)) : []
        const events = rows.slice(0, params.query.limit)
        return ok({ run_id: run.instance_id, events, count: events.length, audit_enabled })
      },
    }),

    'run.events': operation({
      summary:
        'The events of a run as server-sent events, from its start or behind `Last-Event-ID`; ends with the run.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/orchestrations/runs/{run_id}/events', answer: stream(runEvent) },
      params: { path },
      async execute({ params, principal, reads, last_event_id }) {
        const { run_id } = params.path
        await readableRun(run_id, { catalogue, reads, principal })
        return ok((closed) => follow({ run_id, tenant: principal.tenant, reads, closed, last_event_id }))
      },
    }),
  }
}

export function stepsOf({ tenant, instance_id }: Pick<InstanceView, 'tenant' | 'instance_id'>, reads: Reads) {
  return reads.journal(tenant, instance_id, 1, MOST_ROWS)
}

interface Following {
  readonly run_id: InstanceId
  readonly tenant: string
  readonly reads: Reads
  readonly closed: AbortSignal
  readonly last_event_id: string | undefined
}

/** EVT-2: each event once, from the beginning when the id is unknown; over when the run is and all was said. */
async function* follow({ run_id, tenant, reads, closed, last_event_id }: Following): AsyncGenerator<StreamItem> {
  let told: number | undefined
  while (!closed.aborted) {
    const news = reads.nextCommit(POLL_MS, closed)
    const steps: readonly JournalEntry[] = await stepsOf({ tenant, instance_id: run_id }, reads)
    // Read after its steps, so that it knows at least what they tell.
    const run = await reads.instance(tenant, run_id)
    if (run === null) return
    const events = runEventsOf(run, steps)
    told ??= events.findIndex(({ id }) => id === last_event_id) + 1
    for (const { id, event, seq, data } of events.slice(told)) yield { id, event, data: { seq, ...data } }
    told = events.length
    if (run.status !== 'active' && steps.length === run.revision) return
    await news
  }
}
