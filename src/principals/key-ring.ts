/** Who a bearer key belongs to, and whether this installation works with keys at all. */
import type { Principal } from '../../machines/definition.ts'
import { newId } from '../engine/ids.ts'
import { Refusal } from '../refusal.ts'
import type { ApiKey, ApiKeyTable } from '../store/api-keys.ts'
import { hashOf, newSecret } from './secret.ts'

/** How long this process may not notice the first key that another one made. */
const RECHECK_MS = 1000

export type KeyRing = ReturnType<typeof createKeyRing>

export type KeyWish = Pick<ApiKey, 'principal_id' | 'kind' | 'tenant' | 'roles' | 'expires_at'>

export function createKeyRing({ table, now }: { table: ApiKeyTable; now: () => number }) {
  let inUse = false
  let checkedAt = Number.NEGATIVE_INFINITY

  return {
    /** Once true it stays true: revoking the last key does not open the server again. */
    async inUse(): Promise<boolean> {
      if (inUse || now() - checkedAt < RECHECK_MS) return inUse
      inUse = await table.any()
      checkedAt = now()
      return inUse
    },

    principalOf(bearer: string): Promise<Principal | null> {
      return table.principalOf({ hash: hashOf(bearer), at: new Date(now()) })
    },

    /** The only moment the text of the key exists here. */
    async issue(wish: KeyWish): Promise<ApiKey & { readonly key: string }> {
      await keepAnAdministrator({ besides: null, adding: wish })
      const { text, prefix, hash } = newSecret()
      const created_at = new Date(now())
      const key_id = newId(now())
      const expires_at = wish.expires_at === null ? null : new Date(wish.expires_at)
      await table.insert({ ...wish, key_id, prefix, hash, created_at, expires_at })
      inUse = true
      return { ...wish, key_id, prefix, created_at: created_at.toISOString(), revoked_at: null, key: text }
    },

    list: table.list,

    /** The key as it now is, or null when the tenant has no such key. */
    async revoke({ key_id, tenant }: { key_id: string; tenant: string | null }): Promise<ApiKey | null> {
      const key = await table.find({ key_id, tenant })
      if (key === null) return null
      await keepAnAdministrator({ besides: key_id })
      await table.revoke({ key_id, at: new Date(now()) })
      return table.find({ key_id, tenant })
    },
  }

  // From the first key on nobody gets in without one, so there must always be one that can make the next.
  async function keepAnAdministrator({ besides, adding }: { besides: string | null; adding?: KeyWish }): Promise<void> {
    if (adding?.roles.includes('ADMIN') && adding.expires_at === null) return
    if (await table.anyAdministrator({ besides })) return
    throw new Refusal(
      'ADMIN_KEY_REQUIRED',
      'There must be an ADMIN key that does not expire: without one nobody could make or revoke keys',
    )
  }
}
