/** Offers that stand, most of them for long; some lapsed while no server was there. */
import { sql } from 'kysely'
import { orchestrator } from '../../machines/orchestrator/index.ts'
import { systemClock } from '../../src/engine/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { offerDefinition } from '../examples/offer.ts'
import { alice, engineOn } from '../support/engine.ts'
import { note } from './note.ts'

const CALLERS = 500
const HOUR_S = 3_600
/** Offers are made two hours ago, so that what stands for one hour is due. */
const clock = { ...systemClock, now: () => Date.now() - 2 * HOUR_S * 1_000 }

/** Answers with the sequence that the next journal entry will have. */
export async function fill(store: Store, { waiting, due }: { waiting: number; due: number }): Promise<number> {
  const engine = engineOn(store, [orchestrator, offerDefinition], { clock })
  await engine.open()
  let made = 0
  const caller = async () => {
    while (made < waiting) {
      const stands_for_s = made++ % (waiting / due) === 0 ? HOUR_S : 24 * HOUR_S
      await engine.start({ machine: 'offer', input: { note, stands_for_s }, by: alice })
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  const { next_sequence } = await engine.head()
  await engine.stop()
  // What the database's own housekeeping would have done, had all this taken its time.
  await sql`analyze`.execute(store.db)
  return next_sequence
}
