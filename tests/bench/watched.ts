/** A store that tells when an instance has ended, without a query that would cost what is being measured. */
import type { Store } from '../../src/store/store.ts'

export interface WatchedStore extends Store {
  /** Resolves once the instance's end is durable. */
  ended(instance_id: string): Promise<void>
}

export function watched(store: Store): WatchedStore {
  const done = new Set<string>()
  const waiting = new Map<string, () => void>()
  return {
    ...store,
    async commit(batch) {
      const verdict = await store.commit(batch)
      for (const { instance_id, status } of verdict.ok ? [...batch.moves, ...batch.births] : []) {
        if (status === 'active') continue
        const told = waiting.get(instance_id)
        if (told) told()
        else done.add(instance_id)
        waiting.delete(instance_id)
      }
      return verdict
    },
    ended(instance_id) {
      if (done.delete(instance_id)) return Promise.resolve()
      return new Promise((resolve) => waiting.set(instance_id, resolve))
    },
  }
}
