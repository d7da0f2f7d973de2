/**
 * PGlite: Postgres inside this process, one connection for everything. It has no lock between processes, no sync
 * to disk and no housekeeping of its own; this driver adds the three.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { lockFolder } from './folder-lock.ts'
import { migrate } from './migrate.ts'
import { type Driver, type Store, storeOn } from './store.ts'
import type { Tables } from './tables.ts'

const HOT_TABLES = ['instances', 'effects', 'head', 'requests']
/** Bytes of log between two housekeepings: dead rows and log otherwise grow without end (D7). */
const HOUSEKEEPING_EVERY = 64n * 1024n * 1024n

/** Opens the data directory, or refuses when another process has it open. */
export async function openPGlite(folder: string): Promise<Store> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const release = lockFolder(folder)
  try {
    const data = join(folder, 'pgdata')
    const pglite = await PGlite.create({ dataDir: data })
    return storeOn(await pgliteDriver(pglite, 'public', { wal: join(data, 'pg_wal'), release }))
  } catch (cause) {
    release()
    throw cause
  }
}

/** On a PGlite the caller owns and closes: for tests, which share one per process and take a schema each. */
export async function storeInPGlite(pglite: PGlite, schema: string): Promise<Store> {
  return storeOn(await pgliteDriver(pglite, schema))
}

interface Ownership {
  /** Where the write-ahead log is, to be synced after each commit. */
  readonly wal: string
  readonly release: () => void
}

async function pgliteDriver(pglite: PGlite, schema: string, owned?: Ownership): Promise<Driver> {
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
  await pglite.exec(`create schema if not exists "${schema}"; set search_path = "${schema}"; set timezone = 'UTC'`)
  await migrate(db, schema)
  await pglite.exec('set enable_hashjoin = off; set enable_mergejoin = off')
  const listeners: ((topic: string) => void)[] = []
  const position = async () => {
    const { rows } = await pglite.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
    return lsnFrom(rows[0]?.lsn ?? '')
  }
  const wal = owned ? walSync(owned.wal, await position()) : undefined
  let kept = await position()
  async function settle(): Promise<void> {
    if (!wal) return
    const end = await position()
    await wal.sync(end)
    if (end - kept < HOUSEKEEPING_EVERY) return
    for (const table of HOT_TABLES) await pglite.exec(`vacuum analyze ${table}`)
    await pglite.exec('analyze journal')
    // A checkpoint removes segments it has no more use for: those not synced yet must be synced before.
    await wal.sync(await position())
    await pglite.exec('checkpoint')
    kept = await position()
  }
  // One after another, in the order of the commits.
  let settling = Promise.resolve()

  return {
    kind: 'pglite',
    db,
    async write(text, parameters) {
      const { rows } = await pglite.query<Record<string, unknown>>(text, [...parameters])
      return rows
    },
    settle() {
      settling = settling.then(settle, settle)
      return settling
    },
    // There is no other server: whoever listens is here.
    async notify(topic) {
      for (const heard of listeners) queueMicrotask(() => heard(topic))
    },
    async listen(heard) {
      listeners.push(heard)
    },
    async close() {
      listeners.length = 0
      if (!owned) return
      await wal?.close()
      await db.destroy()
      if (!pglite.closed) await pglite.close()
      owned.release()
    },
  }
}

const SEGMENT = 16n * 1024n * 1024n

// PGlite hands its write-ahead log to the file system but never asks for it to be kept. Every segment from the one
// synced last to the one the log ends in now is synced.
function walSync(folder: string, start: bigint): WalSync {
  let number = start / SEGMENT
  let handle: FileHandle | undefined
  return {
    async sync(end) {
      for (;;) {
        handle ??= await open(join(folder, segmentNamed(number)), 'r+')
        await handle.datasync()
        if (number >= end / SEGMENT) return
        await handle.close()
        handle = undefined
        number += 1n
      }
    },
    async close() {
      await handle?.close()
    },
  }
}

interface WalSync {
  /** Up to that position. */
  sync(end: bigint): Promise<void>
  close(): Promise<void>
}

function segmentNamed(number: bigint): string {
  const part = (value: bigint) => value.toString(16).toUpperCase().padStart(8, '0')
  const perFile = 0x1_0000_0000n / SEGMENT
  return part(1n) + part(number / perFile) + part(number % perFile)
}

function lsnFrom(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}
