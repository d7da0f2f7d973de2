/** Plays a path from its beginning to its end on one engine. */
import type { Store } from '../../src/store/store.ts'
import type { Path } from './cover.ts'
import { Host, newMemory } from './host.ts'
import { leaveNoWork } from './leave-no-work.ts'
import { checkRecord } from './record.ts'
import type { Stage } from './stage.ts'
import type { Workers } from './workers.ts'

interface Circumstances {
  readonly stage: Stage
  readonly store: Store
  readonly workers: Workers
  /** Asked at the end, while the engine still runs. */
  readonly atEnd?: (host: Host) => Promise<void>
}

export async function play(path: Path, { stage, store, workers, atEnd }: Circumstances): Promise<void> {
  const host = new Host({ stage, store, workers, memory: newMemory() })
  try {
    await host.engine.open()
    for (const index of path.steps.keys()) await host.play(path, index)
    await atEnd?.(host)
    await checkRecord(host, path)
  } finally {
    await host.engine.stop()
    await leaveNoWork(store)
  }
}
