/**
 * PGlite: Postgres inside this process, one connection for everything. It has no lock between processes, no sync
 * to disk and no housekeeping of its own; this driver adds the three.
 */
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { lockFolder } from './folder-lock.ts'
import { migrate } from './migrate.ts'
import { type Driver, type Store, storeOn } from './store.ts'
import type { Tables } from './tables.ts'

const HOT_TABLES = ['instances', 'effects', 'head', 'requests']
/** Commits between two housekeepings: dead rows and write-ahead log otherwise grow without end (D7). */
const HOUSEKEEPING_EVERY = 5_000

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
  const wal = owned ? walSync(owned.wal) : undefined
  let commits = 0

  return {
    kind: 'pglite',
    db,
    async write(text, parameters) {
      const { rows } = await pglite.query<Record<string, unknown>>(text, [...parameters])
      return rows
    },
    async settle(lsn) {
      await wal?.sync(lsnFrom(lsn))
      commits += 1
      if (owned && commits % HOUSEKEEPING_EVERY === 0) await housekeeping(pglite)
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

async function housekeeping(pglite: PGlite): Promise<void> {
  for (const table of HOT_TABLES) await pglite.exec(`vacuum analyze ${table}`)
  await pglite.exec('analyze journal; checkpoint')
}

const SEGMENT = 16 * 1024 * 1024
/** The commit record follows the position the statement saw; it is far smaller than this. */
const COMMIT_RECORD = 64 * 1024

// PGlite hands its write-ahead log to the file system but never asks for it to be kept. The statement answers with
// the log's position; the segment it is in is synced, and the next one too when the record may have reached it.
function walSync(folder: string): WalSync {
  let name = ''
  let handle: FileHandle | undefined
  return {
    async sync(lsn) {
      for (const segment of new Set([segmentOf(lsn), segmentOf(lsn + BigInt(COMMIT_RECORD))])) {
        if (segment !== name) {
          const path = join(folder, segment)
          if (!existsSync(path)) continue
          await handle?.datasync()
          await handle?.close()
          handle = await open(path, 'r+')
          name = segment
        }
        await handle?.datasync()
      }
    },
    async close() {
      await handle?.close()
    },
  }
}

interface WalSync {
  sync(lsn: bigint): Promise<void>
  close(): Promise<void>
}

function segmentOf(lsn: bigint): string {
  const part = (value: bigint) => value.toString(16).toUpperCase().padStart(8, '0')
  return part(1n) + part(lsn >> 32n) + part((lsn & 0xffffffffn) / BigInt(SEGMENT))
}

function lsnFrom(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}
