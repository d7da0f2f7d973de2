/** Questions about the record: entries, seals and keys. */
import { type Kysely, type Selectable, sql } from 'kysely'
import type { JournalTable, SealTable, Tables } from './tables.ts'

export type JournalRow = Selectable<JournalTable>
export type SealRow = Selectable<SealTable>

export async function entriesOf(
  db: Kysely<Tables>,
  instance_id: string,
  from_revision: number,
  limit: number,
): Promise<JournalRow[]> {
  return db
    .selectFrom('journal')
    .selectAll()
    .where('instance_id', '=', instance_id)
    .where('revision', '>=', from_revision)
    .orderBy('revision')
    .limit(limit)
    .execute()
}

export interface EntryFilter {
  readonly after: number
  readonly limit: number
  readonly tenant?: string | undefined
  readonly machines?: readonly string[] | undefined
  readonly instance_id?: string | undefined
}

/** In order of sequence. */
export async function entriesAfter(db: Kysely<Tables>, filter: EntryFilter): Promise<JournalRow[]> {
  let query = db.selectFrom('journal').selectAll().where('sequence', '>', filter.after)
  if (filter.tenant) query = query.where('tenant', '=', filter.tenant)
  if (filter.machines) query = query.where(sql<boolean>`machine = any(${filter.machines}::text[])`)
  if (filter.instance_id) query = query.where('instance_id', '=', filter.instance_id)
  return query.orderBy('sequence').limit(filter.limit).execute()
}

export async function sealsAfter(db: Kysely<Tables>, number: number, limit: number): Promise<SealRow[]> {
  return db.selectFrom('seals').selectAll().where('number', '>', number).orderBy('number').limit(limit).execute()
}

export async function sealNumbered(db: Kysely<Tables>, number: number): Promise<SealRow | undefined> {
  return db.selectFrom('seals').selectAll().where('number', '=', number).executeTakeFirst()
}

export interface PublicKey {
  readonly purpose: string
  readonly public_key: string
}

/** By key id. */
export async function signingKeys(db: Kysely<Tables>): Promise<Map<string, PublicKey>> {
  const rows = await db.selectFrom('signing_keys').select(['key_id', 'purpose', 'public_key']).execute()
  return new Map(rows.map((row) => [row.key_id, row]))
}

export async function publishKey(
  db: Kysely<Tables>,
  key: { key_id: string; purpose: string; public_key: string },
): Promise<void> {
  await db
    .insertInto('signing_keys')
    .values({ ...key, valid_until: null })
    .onConflict((c) => c.doNothing())
    .execute()
}
