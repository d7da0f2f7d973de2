/** What can be asked of the engine. Everything is scoped by tenant; a foreign id reads as absent. */
import type { AnyMachineSnapshot } from 'xstate'
import { Refusal } from '../refusal.ts'
import { readHead } from '../store/head.ts'
import { type InstanceRow, instanceCount, instanceOutlines, instancePage, instancesByIds } from '../store/instances.ts'
import { entriesAfter, entriesOf } from '../store/journal.ts'
import type { Store } from '../store/store.ts'
import type { Catalogue } from './catalogue.ts'
import { firstIdAt } from './ids.ts'
import type { News } from './news.ts'
import { replayed } from './replay.ts'
import type { Resident } from './resident.ts'
import { entryFrom, outlineFrom, summaryFrom, viewFrom, viewFromRow } from './rows.ts'
import { acceptedTypes } from './turn.ts'
import type { ListFilter, Reads } from './types.ts'
import { verifyInstance, verifyLog } from './verify.ts'

export interface ReadsOptions {
  readonly store: Store
  readonly catalogue: Catalogue
  readonly news: News
  /** Told of a record that does not hold. */
  readonly doubted: (doubt: string) => Promise<void>
}

export function readsOn({ store, catalogue, news, doubted }: ReadsOptions): Reads {
  const { db } = store
  const rowOf = async (tenant: string, instance_id: string): Promise<InstanceRow | undefined> => {
    const [row] = await instancesByIds(db, [instance_id])
    return row?.tenant === tenant ? row : undefined
  }
  const checked = async (result: ReturnType<typeof verifyLog>) => {
    const verdict = await result
    const { broken_at } = verdict
    if (broken_at) await doubted(`${broken_at.check} of entry ${broken_at.sequence} does not hold`)
    return verdict
  }
  const page = (filter: ListFilter) => instancePage(db, filter, filter)

  return {
    async instance(tenant, instance_id) {
      const row = await rowOf(tenant, instance_id)
      return row ? viewFromRow(row) : null
    },
    async instanceAt(tenant, instance_id, revision) {
      const row = await rowOf(tenant, instance_id)
      if (!row || revision < 1 || revision > row.revision) return null
      if (revision === row.revision) return viewFromRow(row)
      let resident: Resident | null = null
      for (const entry of await entriesOf(db, instance_id, 1, revision)) {
        if (entry.event === null) {
          throw new Refusal(
            'HISTORY_REDACTED',
            `Instance "${instance_id}" was redacted at revision ${entry.revision}`,
            { instance_id },
          )
        }
        resident = replayed(catalogue, resident, entry)
      }
      return resident && viewFrom(resident)
    },
    list: async (filter) => (await page(filter)).map(summaryFrom),
    listViews: async (filter) => (await page(filter)).map(viewFromRow),
    async outlines({ since, ...filter }) {
      const rows = await instanceOutlines(db, { ...filter, not_before: firstIdAt(since.getTime()) })
      return rows.map(outlineFrom)
    },
    count: (filter) => instanceCount(db, filter),
    async journal(tenant, instance_id, from_revision, limit) {
      const row = await rowOf(tenant, instance_id)
      return row ? (await entriesOf(db, instance_id, from_revision, limit)).map(entryFrom) : []
    },
    entries: async (filter) => (await entriesAfter(db, filter)).map(entryFrom),
    async verifyInstance(tenant, instance_id) {
      return (await rowOf(tenant, instance_id)) ? checked(verifyInstance(store, catalogue, instance_id)) : null
    },
    verifyChain: () => checked(verifyLog(store, catalogue)),
    async head() {
      const { number, next_sequence, hash, halted, halt_reason } = await readHead(db)
      return { number, next_sequence, hash, halted, halt_reason }
    },
    nextCommit: (timeout_ms, signal) => news.next(timeout_ms, signal),
    accepts({ machine, version, state, context, status }) {
      const definition = catalogue.version(machine, version)
      if (!definition || status !== 'active') return []
      const snapshot = definition.machine.resolveState({ value: state, context }) as AnyMachineSnapshot
      return acceptedTypes({ definition, core: { snapshot, children: {}, timers: {} } })
    },
  }
}
