/** Check here and now that nobody changed what was recorded. */
import { z } from 'zod'
import { roles } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import { json, ok, operation } from '../operation.ts'
import { instanceId } from './instance-id.ts'
import { instanceNotFound, readableInstance } from './views.ts'

const verification = z.object({
  valid: z.boolean(),
  entries: z.int(),
  seals: z.int(),
  broken_at: z
    .object({
      sequence: z.int().nullable(),
      instance_id: z.uuid().nullable(),
      check: z.string(),
      expected: z.string().nullable(),
      actual: z.string().nullable(),
    })
    .nullable(),
  redacted: z
    .array(z.object({ instance_id: z.uuid(), revision: z.int(), by: z.string() }))
    .readonly()
    .optional(),
})

export function verificationOperations(catalogue: Catalogue) {
  return {
    'instance.verify': operation({
      summary: 'Check the chain of one instance, and that its journal replays to what is stored.',
      roles,
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/instances/{id}/verify', answer: json(verification) },
      params: { path: z.strictObject({ id: instanceId }) },
      async execute({ params: { path }, principal, reads }) {
        await readableInstance(path.id, { catalogue, reads, principal })
        const result = await reads.verifyInstance(principal.tenant, path.id)
        if (result === null) throw instanceNotFound(path.id)
        return ok(result)
      },
    }),

    'chain.verify': operation({
      summary: 'Check every entry and every seal of the ledger.',
      // It reads the whole ledger, so it is for those whose task that is.
      roles: ['ADMIN', 'operator', 'auditor', 'keeper'],
      cross_domain_deps: [],
      transaction: 'READ',
      http: { method: 'get', path: '/chain/verify', answer: json(verification) },
      params: {},
      execute: async ({ reads }) => ok(await reads.verifyChain()),
    }),
  }
}
