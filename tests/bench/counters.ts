/** An engine with as many counters as there are callers, each of whom counts on its own. */
import type { EngineOptions } from '../../src/engine/engine.ts'
import type { Store } from '../../src/store/store.ts'
import { counterDefinition } from '../examples/counter.ts'
import { alice, engineOn } from '../support/engine.ts'
import { note } from './note.ts'

export interface Counters {
  count(caller: number): Promise<unknown>
  stop(): Promise<void>
}

export async function openCounters(
  store: Store,
  callers: number,
  options: Partial<EngineOptions> = {},
): Promise<Counters> {
  const engine = engineOn(store, [counterDefinition], options)
  await engine.open()
  const ids = await Promise.all(
    Array.from({ length: callers }, async () => {
      const { instance_id } = await engine.start({ machine: 'counter', input: { note }, by: alice })
      return instance_id
    }),
  )
  return {
    count: (caller) =>
      engine.send({ instance_id: ids[caller] as string, event: { type: 'counted', by: 1 }, by: alice }),
    stop: () => engine.stop(),
  }
}
