/** Postgres: a pool for everyday queries, one connection that writes and one that listens. */
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
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db, schema)

  const writer = renewable({ ...config, application_name: 'chancery writer' }, lost, async (client) => {
    // A plan cached on empty tables would otherwise join by hashing whole tables (D6); a writer that dies holding
    // the head must not hold it for long (D12).
    await client.query('set enable_hashjoin = off')
    await client.query('set enable_mergejoin = off')
    await client.query('set idle_in_transaction_session_timeout = 5000')
  })
  const listener = renewable({ ...config, application_name: 'chancery listener' }, lost, async (client) => {
    client.on('notification', ({ payload }) => hear(payload ?? ''))
    await client.query(`listen ${pg.escapeIdentifier(channel)}`)
  })
  let hear: (topic: string) => void = () => {}

  const driver: Driver = {
    kind: 'postgres',
    db,
    async write(text, parameters, name) {
      const client = await writer.get()
      const { rows } = await client.query({ text, values: [...parameters], ...(name ? { name } : {}) })
      return rows
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
      await Promise.all([writer.end(), listener.end()])
      await db.destroy()
    },
  }
  return storeOn(driver)
}

interface Renewable {
  get(): Promise<pg.Client>
  end(): Promise<void>
}

// One connection that is made again, on next use, after it broke.
function renewable(
  config: pg.ClientConfig,
  lost: (cause: Error) => void,
  prepare: (client: pg.Client) => Promise<void>,
): Renewable {
  let current: Promise<pg.Client> | undefined
  const connected = async () => {
    const client = new pg.Client(config)
    client.on('error', (cause) => {
      current = undefined
      lost(cause)
    })
    client.on('end', () => {
      current = undefined
    })
    await client.connect()
    await prepare(client)
    return client
  }
  return {
    get() {
      current ??= connected().catch((cause) => {
        current = undefined
        throw cause
      })
      return current
    },
    async end() {
      const client = await current?.catch(() => undefined)
      await client?.end()
    },
  }
}
