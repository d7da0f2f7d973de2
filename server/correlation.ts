/** Every request has an id that its journal entries, log lines and problem documents share; callers may bring theirs. */
import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { invalid } from '../src/params.ts'
import type { Environment } from './environment.ts'

const HEADER = 'X-Correlation-Id'

export const correlation: MiddlewareHandler<Environment> = async (c, next) => {
  const given = c.req.header(HEADER)
  const usable = given !== undefined && /^[\x21-\x7e]{1,128}$/.test(given)
  const correlation_id = usable ? given : randomUUID()
  c.set('correlation_id', correlation_id)
  c.header(HEADER, correlation_id)
  if (given !== undefined && !usable) {
    throw invalid('INVALID_REQUEST', [{ field: HEADER, wanted: '1 to 128 visible ASCII characters', got: 'others' }])
  }
  await next()
}
