/** The stores a suite runs on: a schema of its own on the run's Postgres, and one on a PGlite shared by the worker. */
import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { inject } from 'vitest'
import { storeInPGlite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'

export interface TestStore {
  readonly name: 'postgres' | 'pglite'
  /** A store in a fresh schema; `again` opens a second one on the same schema, as another server would. */
  open(): Promise<{ store: Store; again: () => Promise<Store> }>
}

export const testStores: readonly TestStore[] = [
  {
    name: 'postgres',
    async open() {
      const options = { url: inject('postgres_url'), schema: newSchema(), pool_size: 4 }
      return { store: await openPostgres(options), again: () => openPostgres(options) }
    },
  },
  { name: 'pglite', open: openInPGlite },
]

export async function openInPGlite(): Promise<{ store: Store; again: () => Promise<Store> }> {
  const shared = globalThis as { chanceryPGlite?: Promise<PGlite> }
  shared.chanceryPGlite ??= PGlite.create()
  const pglite = await shared.chanceryPGlite
  const schema = newSchema()
  return { store: await storeInPGlite(pglite, schema), again: () => storeInPGlite(pglite, schema) }
}

function newSchema(): string {
  return `test_${randomBytes(6).toString('hex')}`
}
