/**
 * A store whose plug is pulled: its n-th commit is never answered, and nothing after it is heard. For whoever waits
 * for it that is death. Whether the commit was written all the same is the other half of the question.
 */
import type { Store } from '../../src/store/store.ts'

export interface PluggedStore extends Store {
  readonly pulled: Promise<void>
  readonly isPulled: boolean
}

interface Cut {
  /** Counted from one. */
  readonly at_commit: number
  readonly written: boolean
}

export function pluggedStore(store: Store, { at_commit, written }: Cut): PluggedStore {
  const { promise: pulled, resolve: pull } = Promise.withResolvers<void>()
  let commits = 0
  let isPulled = false
  return {
    ...store,
    pulled,
    get isPulled() {
      return isPulled
    },
    async commit(batch) {
      commits += 1
      if (commits < at_commit) return store.commit(batch)
      if (commits === at_commit && written) await store.commit(batch)
      isPulled = true
      pull()
      return new Promise(() => {})
    },
    listen: (heard) => store.listen((topic) => isPulled || heard(topic)),
  }
}
