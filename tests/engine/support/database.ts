/** A Postgres database of a test's own, for tests that change settings, look at backends or cut connections. */
import pg from 'pg'
import { inject, onTestFinished, vi } from 'vitest'
import { openPostgres } from '../../../src/store/postgres.ts'
import type { Store } from '../../../src/store/store.ts'
import { freshDatabase } from '../../support/postgres.ts'

export interface OwnDatabase {
  readonly url: string
  readonly name: string
  /** As a server opens it; at another address when there is something in between. */
  open(url?: string): Promise<Store>
  /** A connection beside all servers. */
  connect(): Promise<pg.Client>
}

export async function ownDatabase(): Promise<OwnDatabase> {
  const url = await freshDatabase(inject('postgres_url'))
  return {
    url,
    name: new URL(url).pathname.slice(1),
    async open(at = url) {
      const store = await openPostgres({ url: at, pool_size: 4 })
      onTestFinished(() => store.close())
      return store
    },
    async connect() {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      onTestFinished(() => client.end())
      return client
    },
  }
}

/** Waits until that many connections of the name stand before a lock. Within a transaction one would never see it. */
export async function waitingForLocks(beside: pg.Client, application_name: string, count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rowCount } = await beside.query(
        `select from pg_stat_activity
         where datname = current_database() and application_name = $1 and wait_event_type = 'Lock'`,
        [application_name],
      )
      if (rowCount !== count) throw new Error(`${rowCount} of ${count} connections are waiting for a lock`)
    },
    { timeout: 10_000, interval: 10 },
  )
}

/** Ends the connections of the name, as an administrator or a restart would. */
export async function terminate(beside: pg.Client, application_name: string): Promise<number> {
  const { rowCount } = await beside.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = $1`,
    [application_name],
  )
  return rowCount ?? 0
}
