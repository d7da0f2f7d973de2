/** What a server does about tools its predecessor left running, before it takes up work itself. */
import { z } from 'zod'
import { effectHeld } from '../store/effects.ts'
import type { Store } from '../store/store.ts'
import { sweepOrphans } from './process/sweep-orphans.ts'

/** Ends tools of this installation that no living server holds. PGlite serves one process, so there every one is left over. */
export function sweepTools(store: Store, owner: string): Promise<readonly string[]> {
  // What bears no id of ours belongs to no effect.
  const known = (effect_id: string) => z.uuid().safeParse(effect_id).success
  const isOrphan = async (effect_id: string) =>
    store.kind === 'pglite' || !known(effect_id) || !(await effectHeld(store.db, effect_id))
  return sweepOrphans({ owner, isOrphan })
}
