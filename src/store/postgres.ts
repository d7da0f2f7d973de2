/** Postgres: a pool for everyday queries, one connection that writes and one that listens. */
import { setTimeout as wait } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { migrate } from './migrate.ts'
import { type Driver, type Store, storeOn } from './store.ts'
import type { Tables } from './tables.ts'

// Sequences and seal numbers stay far below 2^53; as numbers they can be compared and added.
const INT8 = 20
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
}

const RECONNECT_MS = 500

export interface PostgresOptions {
  readonly url: string
  /** Tables live in this schema, which is made when absent. */
  readonly schema?: string
  readonly pool_size?: number
  /** Told of a connection that broke while nobody was waiting for it. */
  readonly onConnectionLost?: (cause: Error) => void
}

export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const schema = options.schema ?? 'public'
  const channel = `chancery_${schema}`
  const lost = options.onConnectionLost ?? (() => {})
  const config: pg.ClientConfig = {
    connectionString: options.url,
    options: `-c search_path=${schema} -c timezone=UTC`,
    types,
    keepAlive: true,
  }
  const pool = new pg.Pool({ ...config, max: options.pool_size ?? 8 })
  pool.on('error', lost)
  // The pool hears only its idle connections; one that breaks between two queries would otherwise end the process.
  pool.on('connect', (client) => client.on('error', lost))
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db, schema)

  const writer = renewable({
    config: { ...config, application_name: 'chancery writer', pipeline: true },
    lost,
    // The statement is planned once, perhaps on empty tables, and must stay right as they grow: rows are found by index,
    // and what was found is joined by hash. A writer that dies holding the head must not hold it for long.
    async prepare(client) {
      await client.query('set enable_nestloop = off')
      await client.query('set enable_mergejoin = off')
      await client.query('set enable_seqscan = off')
      await client.query('set plan_cache_mode = force_generic_plan')
      await client.query('set idle_in_transaction_session_timeout = 5000')
    },
  })
  let hear: (topic: string) => void = () => {}
  let closing = false
  const listener = renewable({
    config: { ...config, application_name: 'chancery listener' },
    async prepare(client) {
      client.on('notification', ({ payload }) => hear(payload ?? ''))
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
    },
    lost(cause) {
      lost(cause)
      void listenAgain()
    },
  })
  // Nobody asks for this connection, so it comes back by itself.
  async function listenAgain(): Promise<void> {
    while (!closing) {
      await wait(RECONNECT_MS)
      const back = await listener.get().catch(lost)
      if (back) return
    }
  }

  const driver: Driver = {
    kind: 'postgres',
    db,
    async write(text, parameters, name) {
      const client = await writer.get()
      try {
        const { rows } = await client.query({ text, values: [...parameters], ...(name ? { name } : {}) })
        return rows
      } catch (cause) {
        // What a session believes of its server (that it only reads, that it is full) does not outlive it.
        if (/^(25|26|53|57|58)/.test(String((cause as { code?: unknown }).code))) writer.renew(client)
        throw cause
      }
    },
    settle: async () => {},
    async notify(topic) {
      await pool.query('select pg_notify($1, $2)', [channel, topic])
    },
    async listen(heard) {
      hear = heard
      await listener.get()
    },
    async close() {
      closing = true
      await Promise.all([writer.end(), listener.end()])
      await db.destroy()
    },
  }
  return storeOn(driver)
}

interface Renewable {
  get(): Promise<pg.Client>
  /** Lets the given connection go; the next use makes another. */
  renew(client: pg.Client): void
  end(): Promise<void>
}

interface RenewableOptions {
  readonly config: pg.ClientConfig
  readonly prepare: (client: pg.Client) => Promise<void>
  /** Told of each connection that broke. */
  readonly lost: (cause: Error) => void
}

// One connection that is made again, on next use, after it broke.
function renewable({ config, prepare, lost }: RenewableOptions): Renewable {
  let current: Promise<pg.Client> | undefined
  let ended = false
  const connected = async (isCurrent: () => boolean) => {
    const client = new pg.Client(config)
    const broken = (cause: Error) => {
      if (!isCurrent()) return
      current = undefined
      if (!ended) lost(cause)
    }
    client.on('error', broken)
    client.on('end', () => broken(new Error('The connection was closed')))
    await client.connect()
    await prepare(client)
    return client
  }
  return {
    get() {
      if (current) return current
      const made: Promise<pg.Client> = connected(() => current === made)
      current = made
      made.catch(() => {
        if (current === made) current = undefined
      })
      return made
    },
    renew(client) {
      current = undefined
      client.end().catch(lost)
    },
    async end() {
      ended = true
      const client = await current?.catch(() => undefined)
      await client?.end()
    },
  }
}
