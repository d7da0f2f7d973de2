/** Requests that carried an idempotency key, and what came of them. */
import { type Kysely, type Selectable, sql } from 'kysely'
import type { RequestTable, Tables } from './tables.ts'

export type RequestRow = Selectable<RequestTable>
export type RequestScope = Pick<RequestRow, 'tenant' | 'principal_id' | 'operation' | 'key'>

export async function requestRemembered(db: Kysely<Tables>, scope: RequestScope): Promise<RequestRow | undefined> {
  return db
    .selectFrom('requests')
    .selectAll()
    .where('tenant', '=', scope.tenant)
    .where('principal_id', '=', scope.principal_id)
    .where('operation', '=', scope.operation)
    .where('key', '=', scope.key)
    .executeTakeFirst()
}

/** Keys hold for a day (D34). */
export async function forgetOldRequests(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom('requests').where('created_at', '<', sql<Date>`now() - interval '24 hours'`).execute()
}
