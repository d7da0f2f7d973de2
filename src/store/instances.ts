/** Questions about instances. Only (tenant, machine, instance_id) is indexed; all else is filtered behind it (D14). */
import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely'
import type { InstanceTable, Tables } from './tables.ts'

export type InstanceRow = Selectable<InstanceTable>

export interface InstanceFilter {
  readonly tenant: string
  readonly machines?: readonly string[] | undefined
  readonly state?: string | undefined
  readonly status?: string | undefined
  readonly tag?: string | undefined
  readonly parent_id?: string | undefined
  readonly q?: string | undefined
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** Not older than this id, whose first bits are a moment. */
  readonly not_before?: string | undefined
}

export interface Page {
  readonly after?: string | undefined
  readonly limit: number
  readonly offset?: number | undefined
}

export async function instancesByIds(db: Kysely<Tables>, ids: readonly string[]): Promise<InstanceRow[]> {
  return db.selectFrom('instances').selectAll().where('instance_id', 'in', ids).execute()
}

export type OutlineRow = Pick<
  InstanceRow,
  'instance_id' | 'status' | 'tags' | 'attributes' | 'created_at' | 'updated_at'
>

/** Newest first, without snapshots, which are most of a row: for figures over many instances. */
export async function instanceOutlines(db: Kysely<Tables>, filter: InstanceFilter): Promise<OutlineRow[]> {
  return matching(db, filter)
    .select(['instance_id', 'status', 'tags', 'attributes', 'created_at', 'updated_at'])
    .orderBy('instance_id', 'desc')
    .execute()
}

/** Newest first. */
export async function instancePage(db: Kysely<Tables>, filter: InstanceFilter, page: Page): Promise<InstanceRow[]> {
  return matching(db, filter)
    .selectAll()
    .$if(page.after !== undefined, (query) => query.where('instance_id', '<', page.after as string))
    .orderBy('instance_id', 'desc')
    .limit(page.limit)
    .$if(page.offset !== undefined, (query) => query.offset(page.offset as number))
    .execute()
}

export async function instanceCount(db: Kysely<Tables>, filter: InstanceFilter): Promise<number> {
  const { count } = await matching(db, filter)
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Rows that no journal accounts for; a sound database has none. */
export async function instancesWithoutJournal(db: Kysely<Tables>): Promise<string[]> {
  const rows = await db
    .selectFrom('instances')
    .select('instance_id')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('journal')
            .select('sequence')
            .whereRef('journal.instance_id', '=', 'instances.instance_id')
            .where('revision', '=', 1),
        ),
      ),
    )
    .limit(1)
    .execute()
  return rows.map(({ instance_id }) => instance_id)
}

/** Machine versions that still have living instances. */
export async function livingVersions(
  db: Kysely<Tables>,
): Promise<{ machine: string; version: string; count: number }[]> {
  const rows = await db
    .selectFrom('instances')
    .select(({ fn }) => ['machine', 'version', fn.countAll().as('count')])
    .where('status', '=', 'active')
    .groupBy(['machine', 'version'])
    .orderBy('machine')
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

function matching(db: Kysely<Tables>, filter: InstanceFilter): SelectQueryBuilder<Tables, 'instances', object> {
  const { tenant, machines, state, status, tag, parent_id, q, attributes, not_before } = filter
  let query = db.selectFrom('instances').where('tenant', '=', tenant)
  if (machines) query = query.where(sql<boolean>`machine = any(${machines}::text[])`)
  if (not_before) query = query.where('instance_id', '>=', not_before)
  if (status) query = query.where('status', '=', status)
  if (parent_id) query = query.where('parent_id', '=', parent_id)
  // A path, or a prefix of one that ends at a dot; several leaves are separated by spaces (D27).
  if (state) query = query.where(sql<boolean>`state ~ ${`(^| )${escaped(state)}($|[. ])`}`)
  if (tag) query = query.where(sql<boolean>`jsonb_exists(tags, ${tag})`)
  if (q) {
    const like = `%${q.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where(
      sql<boolean>`(title ilike ${like} or exists (select from jsonb_each_text(attributes) a where a.value ilike ${like}))`,
    )
  }
  for (const [name, value] of Object.entries(attributes ?? {})) {
    query = query.where(sql<boolean>`attributes ->> ${name} = ${value}`)
  }
  return query as SelectQueryBuilder<Tables, 'instances', object>
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
