/** Every piece of work of every path fails once before it ends as it should: the path ends where it would have ended. */
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { testStores } from '../support/stores.ts'
import { play } from './play.ts'
import { schemasFor } from './schemas.ts'
import { pathsByMachine } from './subjects.ts'
import { workFailingOnce } from './workers.ts'

const pglite = testStores.filter(({ name }) => name === 'pglite')

describe.each(pglite)('on $name', (testStore) => {
  describe.each(pathsByMachine())('$machine', ({ stage, paths }) => {
    const schema = schemasFor(testStore, stage)
    test.each(paths)('$name', async (path) => {
      const { store } = await schema()
      await play(path, { stage, store, workers: workFailingOnce(), atEnd: () => everythingTookTwoAttempts(store) })
    })
  })
})

async function everythingTookTwoAttempts({ db }: Store): Promise<void> {
  const ended = db
    .selectFrom('effects')
    .select('attempt')
    .where('kind', '=', 'invoke')
    .where('outcome', '!=', 'cancelled')
  expect((await ended.execute()).filter(({ attempt }) => attempt !== 2)).toEqual([])
}
