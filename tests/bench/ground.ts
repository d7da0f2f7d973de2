/** What all parts stand on: one Postgres for the whole run. */
import { freshDatabase, startPostgres } from '../support/postgres.ts'
import { openLog, type WriteAheadLog } from './write-ahead-log.ts'

export interface Ground {
  /** A database of the run's own. */
  readonly url: string
  readonly log: WriteAheadLog
  close(): Promise<void>
}

export async function openGround(): Promise<Ground> {
  const server = process.env.DATABASE_URL ? undefined : await startPostgres()
  const url = await freshDatabase(process.env.DATABASE_URL ?? (server?.url as string))
  const log = await openLog(url)
  return {
    url,
    log,
    async close() {
      await log.close()
      await server?.stop()
    },
  }
}
