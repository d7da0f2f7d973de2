/** Effects that bear a lease, read from the database itself. Asked once all servers have stopped: there should be none. */
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'

const QUESTION = 'select count(*)::int as count from effects where leased_by is not null'

export async function leasesOnPostgres(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(QUESTION)).rows[0].count
  } finally {
    await client.end()
  }
}

export async function leasesOnPGlite(pgdata: string): Promise<number> {
  const pglite = await PGlite.create({ dataDir: pgdata })
  try {
    return (await pglite.query<{ count: number }>(QUESTION)).rows[0]?.count ?? 0
  } finally {
    await pglite.close()
  }
}
