/** What those ask who keep the server running. */
import { z } from 'zod'
import { json, ok, operation, text } from '../operation.ts'
import { Refusal } from '../refusal.ts'

export interface Service {
  readonly version: string
  /** In the text format of Prometheus. */
  readonly metrics: () => Promise<string>
}

export function serviceOperations({ version, metrics }: Service) {
  return {
    'service.health': operation({
      summary: 'Whether the process is alive.',
      roles: 'anyone',
      cross_domain_deps: [],
      transaction: 'NONE',
      http: {
        method: 'get',
        path: '/health',
        answer: json(z.object({ status: z.literal('ok'), version: z.string() })),
      },
      params: {},
      execute: () => ok({ status: 'ok' as const, version }),
    }),

    'service.ready': operation({
      summary:
        'Whether the database answers. A halted server is ready: it still reads, and says here that it is halted.',
      roles: 'anyone',
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/ready',
        answer: json(z.object({ ready: z.literal(true), halted: z.boolean(), halt_reason: z.string().nullable() })),
      },
      params: {},
      async execute({ reads }) {
        const { halted, halt_reason } = await reads.head().catch((cause) => {
          throw Object.assign(new Refusal('NOT_READY', 'The database does not answer'), { cause })
        })
        return ok({ ready: true as const, halted, halt_reason })
      },
    }),

    'service.metrics': operation({
      summary: 'Counters and gauges in the text format of Prometheus.',
      roles: ['ADMIN', 'operator'],
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/metrics', answer: text('text/plain; version=0.0.4; charset=utf-8') },
      params: {},
      execute: async () => ok(await metrics()),
    }),
  }
}
