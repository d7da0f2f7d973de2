/** Keys: made, listed and revoked by administrators. */
import { z } from 'zod'
import { type Principal, principalSchema, roles } from '../../machines/definition.ts'
import { json, ok, operation } from '../operation.ts'
import { Refusal } from '../refusal.ts'
import type { KeyRing } from './key-ring.ts'

const keyView = z.object({
  key_id: z.uuid(),
  prefix: z.string().meta({ description: 'The first characters of the key, to tell keys apart' }),
  principal_id: z.string(),
  kind: principalSchema.shape.kind,
  tenant: z.string(),
  roles: z.array(z.enum(roles)).readonly(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
})

const keyWish = z.strictObject({
  principal_id: principalSchema.shape.id,
  /** `system` is the engine itself. */
  kind: principalSchema.shape.kind.exclude(['system']).default('service'),
  tenant: principalSchema.shape.tenant.optional(),
  roles: z.array(z.enum(roles)).min(1),
  expires_at: z.iso.datetime().nullable().default(null),
})

export function keyOperations(keys: KeyRing) {
  return {
    'principal.read': operation({
      summary: 'Who the caller is taken for, and what they may be.',
      roles,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/principals/me', answer: json(principalSchema) },
      params: {},
      execute: ({ principal }) => ok(principal),
    }),

    'key.create': operation({
      summary: 'Make a key. The answer is the only place where its text is ever shown.',
      roles: ['ADMIN'],
      cross_domain_deps: [],
      transaction: 'NONE',
      http: {
        method: 'post',
        path: '/keys',
        answer: json(
          keyView.extend({ key: z.string().meta({ description: 'Send it as: Authorization: Bearer …' }) }),
          201,
        ),
      },
      params: { body: keyWish },
      async execute({ params: { body }, principal }) {
        const wish = { ...body, tenant: body.tenant ?? principal.tenant, roles: [...new Set(body.roles)] }
        mayGrant(principal, wish)
        const key = await keys.issue(wish)
        return ok(key, { location: `/keys/${key.key_id}` })
      },
    }),

    'key.list': operation({
      summary: 'The keys of the tenant, newest first, revoked ones included.',
      roles: ['ADMIN'],
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/keys', answer: json(z.object({ keys: z.array(keyView).readonly() })) },
      params: {},
      execute: async ({ principal }) => ok({ keys: await keys.list({ tenant: reachOf(principal) }) }),
    }),

    'key.revoke': operation({
      summary: 'Revoke a key at once.',
      roles: ['ADMIN'],
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'delete', path: '/keys/{key_id}', answer: json(keyView) },
      params: { path: z.strictObject({ key_id: z.uuid().toLowerCase() }) },
      async execute({ params: { path }, principal }) {
        const key = await keys.revoke({ key_id: path.key_id, tenant: reachOf(principal) })
        if (key === null) throw new Refusal('KEY_NOT_FOUND', `There is no key "${path.key_id}"`)
        return ok(key)
      },
    }),
  }
}

/** An administrator rules one tenant, an operator the installation: null stands for every tenant. */
function reachOf(principal: Principal): string | null {
  return principal.roles.includes('operator') ? null : principal.tenant
}

function mayGrant(principal: Principal, wish: { tenant: string; roles: readonly string[] }): void {
  if (principal.roles.includes('operator')) return
  if (wish.tenant === principal.tenant && !wish.roles.includes('operator')) return
  throw new Refusal('PERMISSION_DENIED', 'Only an operator makes keys for other tenants or for operators', {
    required_roles: ['operator'],
  })
}
