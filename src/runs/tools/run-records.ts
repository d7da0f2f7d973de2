/** What a run may learn of other runs, on behalf of whoever started it. */
import type { Catalogue } from '../../engine/catalogue.ts'
import type { JournalEntry, Reads } from '../../engine/types.ts'
import { mayRead } from '../../instances/access.ts'
import { definitionOf } from '../../instances/known-machine.ts'

export interface RunRecords {
  /** Null for a run nobody knows, and likewise for one the asking run's owner may not see (AC-4). */
  open(question: {
    readonly tenant: string
    /** The run that asks. */
    readonly run_id: string
    readonly target_run_id: string
  }): Promise<RunRecord | null>
}

export interface RunRecord {
  /** What happened to the run, oldest first; null for those who may not read the audit (AC-5). */
  readonly audit: ((limit: number) => Promise<readonly AuditRow[]>) | null
}

export interface AuditRow {
  readonly seq: number
  readonly ts: string
  readonly event_type: string
  readonly actor: string
  readonly details: Readonly<Record<string, unknown>>
}

/** The engine, once there is one: its handlers are made before it. */
type Engine = () => { readonly catalogue: Catalogue; readonly reads: Reads }

/** Runs and their journals, as the engine has them. */
export function recordsOf(engine: Engine): RunRecords {
  return {
    async open({ tenant, run_id, target_run_id }) {
      const { catalogue, reads } = engine()
      const [asking] = await reads.journal(tenant, run_id, 1, 1)
      const target = await reads.instance(tenant, target_run_id)
      if (asking === undefined || target?.machine !== 'run') return null
      if (!mayRead(definitionOf(catalogue, target), asking.by, target)) return null
      const rows = async (limit: number) => (await reads.journal(tenant, target_run_id, 1, limit)).map(auditRow)
      return { audit: asking.by.roles.includes('ADMIN') ? rows : null }
    },
  }
}

function auditRow({ revision, at, event, by, state_before, state_after }: JournalEntry): AuditRow {
  const event_type = event?.type ?? 'redacted'
  return { seq: revision, ts: at, event_type, actor: by.id, details: { from: state_before, to: state_after } }
}
