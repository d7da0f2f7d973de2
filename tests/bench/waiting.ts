/**
 * How long the real server takes to start, and what memory it needs, when much has been waiting for it: on nothing at
 * all, on tables that are empty, and with very many instances of which some are due.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { openPGlite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { freePort, freshDatabase } from '../support/postgres.ts'
import type { TestServer } from '../support/server.ts'
import { startBenchServer } from './bench-server.ts'
import { fill } from './fill.ts'
import type { Ground } from './ground.ts'
import { memoryOf } from './other-process.ts'
import { inFolder } from './places.ts'

const WAITING = 100_000
const DUE = 10_000
const LOOK_EVERY_MS = 50
const PATIENCE_S = 60

export interface Start {
  readonly where: 'postgres' | 'pglite'
  readonly data: 'none' | 'empty' | 'full'
  readonly ready_s: number
  readonly rss_mb: number
  /** How much of what was due has fired, and how long that took from the start on. */
  readonly fired?: number
  readonly fired_s?: number
  readonly rss_fired_mb?: number
  readonly peak_mb?: number
}

export async function waiting({ url }: Ground): Promise<readonly Start[]> {
  const DATABASE_URL = await freshDatabase(url)
  const postgres = await inFolder((DATA_DIR) =>
    startsOn('postgres', { DATA_DIR, DATABASE_URL }, () => openPostgres({ url: DATABASE_URL })),
  )
  const pglite = await inFolder((DATA_DIR) => startsOn('pglite', { DATA_DIR }, () => openPGlite(DATA_DIR)))
  return [...postgres, ...pglite]
}

async function startsOn(
  where: Start['where'],
  environment: Record<string, string>,
  open: () => Promise<Store>,
): Promise<readonly Start[]> {
  const none = await start(environment)
  const empty = await start(environment)
  const store = await open()
  const next_sequence = await fill(store, { waiting: WAITING, due: DUE })
  await store.close()
  const full = await start(environment, (server, began) => firing(server, began, next_sequence))
  return [
    { where, data: 'none', ...none },
    { where, data: 'empty', ...empty },
    { where, data: 'full', ...full },
  ]
}

async function start(
  environment: Record<string, string>,
  watch?: (server: TestServer, began: number) => Promise<Partial<Start>>,
): Promise<Omit<Start, 'where' | 'data'>> {
  const PORT = String(await freePort())
  const began = performance.now()
  const server = await startBenchServer({ ...environment, PORT })
  await server.get('/ready')
  const ready_s = secondsSince(began)
  const { rss_mb } = memoryOf(server.pid)
  const seen = await watch?.(server, began)
  await server.stop()
  return { ready_s, rss_mb, ...seen }
}

// Each takes one step, and nobody else takes any.
async function firing(server: TestServer, began: number, sequence: number) {
  let fired = 0
  while (fired < DUE && secondsSince(began) < PATIENCE_S) {
    await wait(LOOK_EVERY_MS)
    fired = (await sequenceOf(server)) - sequence
  }
  const fired_s = secondsSince(began)
  const { rss_mb, peak_mb } = memoryOf(server.pid)
  return { fired, fired_s, rss_fired_mb: rss_mb, peak_mb }
}

/** The sequence that the next journal entry will have. */
async function sequenceOf(server: TestServer): Promise<number> {
  const { body } = await server.get('/metrics')
  return Number(/^chancery_journal_sequence (\d+)$/m.exec(body)?.[1])
}

function secondsSince(began: number): number {
  return Number(((performance.now() - began) / 1000).toFixed(2))
}
