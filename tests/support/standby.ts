/**
 * A synchronous standby: a copy of the primary's data that follows it, so that what the primary acknowledges is on
 * both. Made without pg_basebackup, which not every installation brings: the primary is stopped for the copy.
 */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort, newFolder, type PostgresServer, postgresIn } from './postgres.ts'

const NAME = 'standby'
const WITHIN_MS = 30_000

/** Resolves once every commit on the primary waits for the standby. */
export async function standbyOf(primary: PostgresServer): Promise<PostgresServer> {
  await primary.shutDown()
  const folder = await newFolder()
  // Owners and modes must stay as they are.
  await promisify(execFile)('cp', ['--archive', primary.data, folder])
  await primary.restart({ synchronous_standby_names: NAME, synchronous_commit: 'on' })
  const standby = postgresIn(folder, await freePort())
  await writeFile(join(standby.data, 'standby.signal'), '')
  await standby.restart({
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres password=postgres application_name=${NAME}`,
    wal_retrieve_retry_interval: '200ms',
  })
  await synchronous(primary)
  return standby
}

/** The standby becomes a primary that waits for nobody. */
export async function promote(standby: PostgresServer): Promise<void> {
  const [row] = await query(standby, 'select pg_promote() as done')
  if (row?.done !== true) throw new Error('The standby was not promoted')
}

async function synchronous(primary: PostgresServer): Promise<void> {
  const deadline = Date.now() + WITHIN_MS
  for (;;) {
    const rows = await query(primary, 'select sync_state from pg_stat_replication')
    if (rows.some(({ sync_state }) => sync_state === 'sync')) return
    if (Date.now() > deadline) throw new Error(`The standby does not follow: ${JSON.stringify(rows)}`)
    await wait(50)
  }
}

async function query({ url }: PostgresServer, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
