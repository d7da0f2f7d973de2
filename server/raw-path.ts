/**
 * An address is resolved before it is routed: `/artifacts/<run>/../x` arrives as `/artifacts/x`. Whoever asks for an
 * artifact that way is told so by name (API-3), instead of hearing about an address they never wrote.
 */
import type { MiddlewareHandler } from 'hono'
import { BASE } from '../src/operation.ts'
import { Refusal } from '../src/refusal.ts'
import type { Environment } from './environment.ts'

const TRAVERSAL = /\/(\.|%2e){2}(\/|\?|$)/i

export const rawPath: MiddlewareHandler<Environment> = async (c, next) => {
  // Only a socket has it; a test's request was resolved when it was made.
  const written = c.env?.incoming?.url ?? ''
  if (written.startsWith(`${BASE}/artifacts/`) && TRAVERSAL.test(written)) {
    throw new Refusal('ARTIFACT_PATH_INVALID', 'The path is a traversal: it must not contain ".."')
  }
  await next()
}
