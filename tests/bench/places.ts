/** Where a row is measured: a store of its own, gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPGlite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'

export async function onPostgres<T>(url: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openPostgres({ url, schema: freshSchema() })
  const result = await work(store)
  await store.close()
  return result
}

export function onPGlite<T>(work: (store: Store) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const store = await openPGlite(folder)
    const result = await work(store)
    await store.close()
    return result
  })
}

export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-bench-'))
  const result = await work(folder)
  await rm(folder, { recursive: true })
  return result
}

export function freshSchema(): string {
  return `bench_${process.pid}_${Math.trunc(performance.now())}`
}
