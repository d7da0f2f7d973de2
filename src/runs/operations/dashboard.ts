/** The dashboard: figures over the runs the caller may see (DB-4). */
import { z } from 'zod'
import type { Catalogue } from '../../engine/catalogue.ts'
import { readableMachines } from '../../instances/access.ts'
import { json, ok, operation } from '../../operation.ts'
import { dashboard, dashboardOf, windowStart } from '../dashboard.ts'
import { mayRead } from './may.ts'

export function dashboardOperations({ catalogue }: { catalogue: Catalogue }) {
  return {
    'dashboard.summary': operation({
      summary: 'Figures over the runs of the last days: an administrator’s hold everybody’s.',
      roles: mayRead,
      cross_domain_deps: ['run'],
      transaction: 'READ',
      http: { method: 'get', path: '/dashboard/summary', answer: json(dashboard) },
      params: {
        query: z.strictObject({
          days: z.coerce.number().int().min(1).max(90).default(7),
          limit: z.coerce.number().int().min(1).max(200).default(50),
        }),
      },
      async execute({ params: { query }, principal, reads, timestamp }) {
        const window = { ...query, now: new Date(timestamp) }
        const [readable] = readableMachines(catalogue, principal, ['run'])
        const runs = readable
          ? await reads.outlines({ tenant: principal.tenant, ...readable, since: windowStart(window) })
          : []
        return ok({ ...dashboardOf(runs, window), audit_summary: null })
      },
    }),
  }
}
