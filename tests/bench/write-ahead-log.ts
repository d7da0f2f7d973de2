/** How much a Postgres has written so far. What others write to the same server counts along. */
import pg from 'pg'

export interface WriteAheadLog {
  written(): Promise<Written>
  close(): Promise<void>
}

interface Written {
  readonly bytes: number
  /** Those that wrote: what only reads is given no number. Known at once, unlike the statistics. */
  readonly transactions: number
}

export async function openLog(url: string): Promise<WriteAheadLog> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    async written() {
      const { rows } = await client.query(
        `select pg_current_wal_insert_lsn() - '0/0' as bytes, pg_snapshot_xmax(pg_current_snapshot()) as transactions`,
      )
      return { bytes: Number(rows[0].bytes), transactions: Number(rows[0].transactions) }
    },
    close: () => client.end(),
  }
}
