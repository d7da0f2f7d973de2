/**
 * Plays a path on one engine after another: each dies over a commit, before it was written or after, and is never
 * heard of again. Its heir finds the database and what clients and workers still know, and goes on with the step that
 * was under way.
 */
import { sql } from 'kysely'
import type { Store } from '../../src/store/store.ts'
import { type PluggedStore, pluggedStore } from '../support/plug.ts'
import type { Path } from './cover.ts'
import { Host, type Memory, newMemory } from './host.ts'
import { leaveNoWork } from './leave-no-work.ts'
import { checkRecord } from './record.ts'
import type { Stage } from './stage.ts'
import { heldWork, type Workers } from './workers.ts'

interface Circumstances {
  readonly stage: Stage
  /** A store on the same database, as another server would open it. */
  readonly connect: () => Promise<Store>
  /** Whether the commits that are never answered are written all the same. */
  readonly written: boolean
}

/** Every commit is died over: an heir writes what its predecessor could not, and dies over the next. Counts the dead. */
export async function dyingEachTime(path: Path, circumstances: Circumstances): Promise<number> {
  return dying(path, circumstances, (life) => (circumstances.written || life === 0 ? 1 : 2))
}

/** One dies over its n-th commit, and its heir lives. Counts the dead: none when there is no such commit. */
export async function dyingOnce(path: Path, n: number, circumstances: Circumstances): Promise<number> {
  return dying(path, circumstances, (life) => (life === 0 ? n : Number.POSITIVE_INFINITY))
}

/** More than any step needs: whoever dies more often writes again what was written. */
const COMMITS_PER_STEP = 5

// `lifespan` says at which of its commits the n-th engine dies.
async function dying(
  path: Path,
  { stage, connect, written }: Circumstances,
  lifespan: (life: number) => number,
): Promise<number> {
  const play = { stage, workers: heldWork(), memory: newMemory() }
  const most = path.steps.length * COMMITS_PER_STEP
  let deaths = 0
  for (let played = 0; played < path.steps.length; ) {
    const store = pluggedStore(await connect(), { at_commit: lifespan(deaths), written })
    played = await untilItDies(path, played, { ...play, store })
    if (store.isPulled) deaths += 1
    if (deaths > most) throw new Error(`${deaths} engines have died, and step ${played} is still to be played`)
  }
  await playLastStepAgain(path, { ...play, store: await connect() })
  return deaths
}

interface Generation<S extends Store> {
  readonly stage: Stage
  readonly workers: Workers
  readonly memory: Memory
  readonly store: S
}

// Answers how many steps of the path have been played. What the dead engine was doing is left as it is.
async function untilItDies(path: Path, from: number, generation: Generation<PluggedStore>): Promise<number> {
  const { store } = generation
  const host = new Host(generation)
  let played = from
  const living = async () => {
    await open(host, store)
    while (played < path.steps.length && !store.isPulled) {
      await host.play(path, played)
      played += 1
    }
  }
  const life = living()
  await Promise.race([life, store.pulled])
  if (store.isPulled) life.catch(() => {})
  else await host.engine.stop()
  await store.close()
  return played
}

// Whoever comes last finds everything done: what is said again is answered again, and changes nothing.
async function playLastStepAgain(path: Path, generation: Generation<Store>): Promise<void> {
  const { store } = generation
  const host = new Host(generation)
  try {
    await open(host, store)
    await host.play(path, path.steps.length - 1)
    await checkRecord(host, path)
  } finally {
    await host.engine.stop()
    await leaveNoWork(store)
    await store.close()
  }
}

// The leases of the dead have run out by the time somebody comes.
async function open({ engine }: Host, { db }: Store): Promise<void> {
  await sql`update effects set leased_until = now() - interval '1 second' where leased_by is not null`.execute(db)
  await engine.open()
}
