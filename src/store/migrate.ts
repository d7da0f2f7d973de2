/** Brings a database to the newest shape. Each migration runs once, in order, and all of them in one transaction. */
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as engineAndLedger from './migrations/0001-engine-and-ledger.ts'
import type { Tables } from './tables.ts'

const migrations: Record<string, Migration> = {
  '0001-engine-and-ledger': engineAndLedger,
}

export async function migrate(db: Kysely<Tables>, schema: string): Promise<void> {
  await sql`create schema if not exists ${sql.id(schema)}`.execute(db)
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableSchema: schema,
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}
