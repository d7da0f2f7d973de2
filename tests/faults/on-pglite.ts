/** One server on PGlite. */
import { join } from 'node:path'
import type { Plan } from './campaign.ts'
import { startFleet } from './fleet.ts'
import { newGround } from './ground.ts'
import { leasesOnPGlite } from './leases.ts'

export interface OnPGlite extends Pick<Plan, 'fleet' | 'ground' | 'leases'> {
  /** PGlite's own folder. */
  readonly pgdata: string
}

/** In the data folder that is given, or in one that goes with the ground. */
export async function onPGlite<T>({ data }: { data?: string }, use: (place: OnPGlite) => Promise<T>): Promise<T> {
  await using used = new AsyncDisposableStack()
  const ground = await newGround()
  used.defer(() => ground.clear())
  const DATA_DIR = data ?? join(ground.folder, 'data')
  const pgdata = join(DATA_DIR, 'pgdata')
  const fleet = await startFleet([{ ...ground.settings, DATA_DIR }])
  used.defer(() => fleet.end())
  return await use({ ground, fleet, pgdata, leases: () => leasesOnPGlite(pgdata) })
}
