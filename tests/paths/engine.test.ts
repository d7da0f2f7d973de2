/** Every path on the engine and its databases: it goes where the pure step says it goes, and the record says so. */
import { describe, test } from 'vitest'
import { testStores } from '../support/stores.ts'
import { play } from './play.ts'
import { schemasFor } from './schemas.ts'
import { pathsByMachine } from './subjects.ts'
import { heldWork } from './workers.ts'

describe.each(testStores)('on $name', (testStore) => {
  describe.each(pathsByMachine())('$machine', ({ stage, paths }) => {
    const schema = schemasFor(testStore, stage)
    test.each(paths)('$name', async (path) => {
      const { store } = await schema()
      await play(path, { stage, store, workers: heldWork() })
    })
  })
})
