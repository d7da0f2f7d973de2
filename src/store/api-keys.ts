/** The keys callers prove themselves with. Only hashes rest here; rows are revoked, never deleted. */
import { type Kysely, sql } from 'kysely'
import type { Principal } from '../../machines/definition.ts'
import type { Tables } from './tables.ts'

/** A key as its administrators see it. */
export interface ApiKey {
  readonly key_id: string
  readonly prefix: string
  readonly principal_id: string
  readonly kind: Principal['kind']
  readonly tenant: string
  readonly roles: Principal['roles']
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

export interface NewApiKey extends Omit<ApiKey, 'created_at' | 'expires_at' | 'revoked_at'> {
  readonly hash: string
  readonly created_at: Date
  readonly expires_at: Date | null
}

export type ApiKeyTable = ReturnType<typeof apiKeyTable>

export function apiKeyTable(db: Kysely<Tables>) {
  return {
    /** Whether keys were ever made: a server whose last key was revoked is not open again. */
    async any(): Promise<boolean> {
      return (await db.selectFrom('api_keys').select('key_id').limit(1).executeTakeFirst()) !== undefined
    },

    /** Whether someone could still administer the keys: an ADMIN key that is neither revoked nor ever expires. */
    async anyAdministrator({ besides }: { besides: string | null }): Promise<boolean> {
      const row = await db
        .selectFrom('api_keys')
        .select('key_id')
        .where('revoked_at', 'is', null)
        .where('expires_at', 'is', null)
        .where(sql<boolean>`'ADMIN' = any(roles)`)
        .$if(besides !== null, (query) => query.where('key_id', '!=', besides))
        .limit(1)
        .executeTakeFirst()
      return row !== undefined
    },

    /** The principal of a key that is valid at the given time. */
    async principalOf({ hash, at }: { hash: string; at: Date }): Promise<Principal | null> {
      const row = await db
        .selectFrom('api_keys')
        .select(['principal_id', 'kind', 'tenant', 'roles'])
        .where('hash', '=', hash)
        .where('revoked_at', 'is', null)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', at)]))
        .executeTakeFirst()
      if (row === undefined) return null
      return { id: row.principal_id, kind: row.kind, tenant: row.tenant, roles: row.roles } as Principal
    },

    async insert(key: NewApiKey): Promise<void> {
      await db
        .insertInto('api_keys')
        .values({ ...key, roles: [...key.roles], revoked_at: null })
        .execute()
    },

    /** Newest first; of every tenant when none is given. */
    async list({ tenant }: { tenant: string | null }): Promise<readonly ApiKey[]> {
      const rows = await db
        .selectFrom('api_keys')
        .select(shownColumns)
        .$if(tenant !== null, (query) => query.where('tenant', '=', tenant))
        .orderBy('key_id', 'desc')
        .execute()
      return rows.map(keyOf)
    },

    async find({ key_id, tenant }: { key_id: string; tenant: string | null }): Promise<ApiKey | null> {
      const row = await db
        .selectFrom('api_keys')
        .select(shownColumns)
        .where('key_id', '=', key_id)
        .$if(tenant !== null, (query) => query.where('tenant', '=', tenant))
        .executeTakeFirst()
      return row === undefined ? null : keyOf(row)
    },

    /** A key that was revoked before keeps its first date. */
    async revoke({ key_id, at }: { key_id: string; at: Date }): Promise<void> {
      await db
        .updateTable('api_keys')
        .set({ revoked_at: at })
        .where('key_id', '=', key_id)
        .where('revoked_at', 'is', null)
        .execute()
    },
  }
}

const shownColumns = [
  'key_id',
  'prefix',
  'principal_id',
  'kind',
  'tenant',
  'roles',
  'created_at',
  'expires_at',
  'revoked_at',
] as const

type Row = {
  key_id: string
  prefix: string
  principal_id: string
  kind: string
  tenant: string
  roles: string[]
  created_at: Date
  expires_at: Date | null
  revoked_at: Date | null
}

function keyOf(row: Row): ApiKey {
  return {
    ...row,
    kind: row.kind as ApiKey['kind'],
    roles: row.roles as unknown as ApiKey['roles'],
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
  }
}
