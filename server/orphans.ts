/** At start-up: ends tools that an earlier server of this installation left running. */
import type { Logger } from 'pino'
import { instanceId } from '../src/instances/instance-id.ts'
import { sweepOrphans } from '../src/runs/process/sweep-orphans.ts'
import { effectNamed } from '../src/store/effects.ts'
import type { Store } from '../src/store/store.ts'

export interface Installation {
  readonly store: Store
  readonly owner: string
  readonly now: () => number
}

export async function endOrphans({ store, owner, now }: Installation, log: Logger): Promise<void> {
  const isOrphan = async (effect_id: string) => {
    // No other server has this PGlite open, and what bears no id of ours belongs to no effect.
    if (store.kind === 'pglite' || !instanceId.safeParse(effect_id).success) return true
    const leased_until = (await effectNamed(store.db, effect_id))?.leased_until ?? null
    return leased_until === null || new Date(leased_until).getTime() < now()
  }
  const ended = await sweepOrphans({ owner, isOrphan })
  if (ended.length > 0) log.warn({ effects: ended }, 'tools left running by an earlier server were ended')
}
