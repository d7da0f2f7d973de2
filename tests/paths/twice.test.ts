/** Every outcome of every path is brought twice at once, and again at the end: it counts once. */
import { describe, expect, test } from 'vitest'
import { testStores } from '../support/stores.ts'
import { play } from './play.ts'
import { schemasFor } from './schemas.ts'
import { pathsByMachine } from './subjects.ts'
import { bring, workBroughtTwice } from './workers.ts'

const pglite = testStores.filter(({ name }) => name === 'pglite')

describe.each(pglite)('on $name', (testStore) => {
  describe.each(pathsByMachine())('$machine', ({ stage, paths }) => {
    const schema = schemasFor(testStore, stage)
    test.each(paths)('$name', async (path) => {
      const { store } = await schema()
      const workers = workBroughtTwice()
      await play(path, {
        stage,
        store,
        workers,
        async atEnd({ engine }) {
          for (const delivery of workers.brought) {
            await expect(bring(engine, delivery)).rejects.toMatchObject({ code: 'EFFECT_NOT_HELD' })
          }
        },
      })
    })
  })
})
