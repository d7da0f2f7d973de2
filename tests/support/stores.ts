/** The stores a suite runs on: a schema of its own on the run's Postgres, and one on a PGlite shared by the worker. */
import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { inject, onTestFinished, TestRunner } from 'vitest'
import { storeInPGlite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'

export interface TestStore {
  readonly name: 'postgres' | 'pglite'
  open(): Promise<OpenedStore>
}

/** A store in a fresh schema. All that was opened is closed when the test ends, or before by `close`. */
export interface OpenedStore {
  readonly store: Store
  /** A second one on the same schema, as another server would open it. */
  again(): Promise<Store>
  close(): Promise<void>
}

export const testStores: readonly TestStore[] = [
  {
    name: 'postgres',
    async open() {
      const options = { url: inject('postgres_url'), schema: newSchema(), pool_size: 4 }
      return opened(() => openPostgres(options))
    },
  },
  { name: 'pglite', open: openInPGlite },
]

export async function openInPGlite(): Promise<OpenedStore> {
  const shared = globalThis as { chanceryPGlite?: Promise<PGlite> }
  shared.chanceryPGlite ??= PGlite.create()
  const pglite = await shared.chanceryPGlite
  const schema = newSchema()
  return opened(() => storeInPGlite(pglite, schema))
}

async function opened(openOne: () => Promise<Store>): Promise<OpenedStore> {
  const stores: Store[] = []
  const again = async () => {
    const store = await openOne()
    stores.push(store)
    return store
  }
  const close = async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
  }
  // Opened in a hook it is the file's own to close.
  if (TestRunner.getCurrentTest()) onTestFinished(close)
  return { store: await again(), again, close }
}

function newSchema(): string {
  return `test_${randomBytes(6).toString('hex')}`
}
