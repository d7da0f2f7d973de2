/**
 * The plug is pulled over every commit of every path, and it ends where it would have ended anyway. All of it on
 * PGlite; on Postgres the longest path of each machine, for what only Postgres can do: break its connections, and let
 * the leases of the dead run out.
 */
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { testStores } from '../support/stores.ts'
import type { Path } from './cover.ts'
import { dyingEachTime, dyingOnce } from './deaths.ts'
import { schemasFor } from './schemas.ts'
import { pathsByMachine } from './subjects.ts'

describe.each(testStores)('on $name', (testStore) => {
  describe.each(pathsByMachine())('$machine', ({ stage, paths }) => {
    const onPostgres = testStore.name === 'postgres'

    describe.each([
      { when: 'before it is written', written: false },
      { when: 'written and not answered', written: true },
    ])('a commit $when', ({ written }) => {
      const schema = schemasFor(testStore, stage)
      const circumstances = async () => {
        const { store, again } = await schema()
        return { stage, written, connect: onPostgres ? again : async () => sharing(store) }
      }

      test.each(onPostgres ? longest(paths) : paths)('each of them: $name', async (path) => {
        const moves = path.steps.filter(({ after }) => after.refused === null)
        expect(await dyingEachTime(path, await circumstances())).toBeGreaterThanOrEqual(moves.length)
      })

      test.each(onPostgres ? [] : longest(paths))('one of them: $name', async (path) => {
        let n = 1
        while ((await dyingOnce(path, n, await circumstances())) > 0) n += 1
        expect(n).toBeGreaterThan(1)
      })
    })
  })
})

function longest(paths: readonly Path[]): readonly Path[] {
  return paths.toSorted((a, b) => b.steps.length - a.steps.length).slice(0, 1)
}

// PGlite has one connection, which outlives the engines of a process.
function sharing(store: Store): Store {
  return { ...store, close: async () => {} }
}
