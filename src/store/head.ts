/** The end of the log. */
import type { Kysely, Selectable } from 'kysely'
import type { HeadTable, Tables } from './tables.ts'

export type HeadRow = Selectable<HeadTable>

export async function readHead(db: Kysely<Tables>): Promise<HeadRow> {
  return db.selectFrom('head').selectAll().executeTakeFirstOrThrow()
}
