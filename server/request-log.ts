/** One line per request, and its figures for the metrics. Never a header, a query or a body: those may hold secrets. */
import type { MiddlewareHandler } from 'hono'
import type { Logger } from 'pino'
import type { Environment } from './environment.ts'
import type { Metrics } from './metrics.ts'

export function requestLog({ log, metrics }: { log: Logger; metrics: Metrics }): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const started = performance.now()
    await next()
    const duration_ms = Math.round((performance.now() - started) * 100) / 100
    const { status } = c.res
    const operation = c.get('operation') ?? 'none'
    metrics.observe({ operation, status, duration_ms })
    log.info(
      {
        method: c.req.method,
        path: c.req.path,
        status,
        duration_ms,
        operation,
        principal: c.get('principal')?.id,
        correlation_id: c.get('correlation_id'),
      },
      'request',
    )
  }
}
