/**
 * The keyless decision, all of it. A server that listens on loopback only and has never had a key takes whoever
 * reaches it for its operator. Web pages reach it too, through the browser of that very operator; so the Host must
 * be loopback (no rebound DNS name), a foreign Origin is refused, and writes are JSON, which a plain form cannot
 * send. There is no CORS.
 */
import { z } from 'zod'
import { type Principal, principalSchema, roles } from '../machines/definition.ts'
import { invalid } from '../src/params.ts'
import type { KeyRing } from '../src/principals/key-ring.ts'
import { DEFAULT_TENANT, operatorLocal } from '../src/principals/principal.ts'
import { Refusal } from '../src/refusal.ts'
import { isJson, unsupportedMediaType } from './body.ts'
import type { RequestContext } from './environment.ts'

export const ACT_AS = 'X-Act-As'

/** Whether callers need no key: asked for each request that brings none. */
export async function isKeyless({ keys, loopback }: { keys: KeyRing; loopback: boolean }): Promise<boolean> {
  return loopback && !(await keys.inUse())
}

export function localCaller({ req }: RequestContext): Principal {
  const host = req.header('Host') ?? new URL(req.url).host
  if (!isLoopback(hostnameOf(host))) {
    throw new Refusal('HOST_FORBIDDEN', `Without keys this server answers to loopback names only, not to "${host}"`)
  }
  const origin = req.header('Origin')
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Refusal('ORIGIN_FORBIDDEN', `Without keys this server takes no requests of pages from "${origin}"`)
  }
  if (isWrite(req.method) && !isJson(req.header('Content-Type'))) throw unsupportedMediaType(req.header('Content-Type'))
  const actAs = req.header(ACT_AS)
  return actAs === undefined ? operatorLocal : principalFrom(actAs)
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '::1' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

const actAsSchema = z.object({ id: principalSchema.shape.id, roles: z.array(z.enum(roles)) })

/** `alice;roles=USER,VIEWER`: for trying out what others may do. */
function principalFrom(header: string): Principal {
  const [, id, list] = /^([^;]+?)\s*;\s*roles=([\w,\s]*)$/.exec(header) ?? []
  const wanted = { id, roles: list?.split(',').flatMap((role) => role.trim() || []) }
  const result = actAsSchema.safeParse(wanted)
  if (result.success) return { ...result.data, kind: 'person', tenant: DEFAULT_TENANT }
  throw invalid('INVALID_REQUEST', [{ field: ACT_AS, wanted: `<id>;roles=… out of ${roles.join(', ')}`, got: header }])
}

function isWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

function hostnameOf(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host
}
