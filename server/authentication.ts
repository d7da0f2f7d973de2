/** Who is asking: the principal of a bearer key, or on a server without keys whoever works at this machine. */
import type { Principal } from '../machines/definition.ts'
import type { KeyRing } from '../src/principals/key-ring.ts'
import { Refusal } from '../src/refusal.ts'
import type { RequestContext } from './environment.ts'
import { ACT_AS, isKeyless, localCaller } from './local-caller.ts'

export interface Gate {
  readonly keys: KeyRing
  /** Whether nobody but this machine can reach the server. */
  readonly loopback: boolean
}

export async function authenticated(c: RequestContext, gate: Gate): Promise<Principal> {
  const credentials = c.req.header('Authorization')
  if (credentials === undefined && (await isKeyless(gate))) return localCaller(c)
  if (c.req.header(ACT_AS) !== undefined) {
    throw new Refusal('PERMISSION_DENIED', `${ACT_AS} is for loopback without keys; a key already says who you are`)
  }
  if (credentials === undefined) throw new Refusal('UNAUTHENTICATED', 'Send Authorization: Bearer <key>')
  const [, key] = /^Bearer +(\S+)$/i.exec(credentials) ?? []
  const principal = key === undefined ? null : await gate.keys.principalOf(key)
  if (principal === null) throw new Refusal('UNAUTHENTICATED', 'The key is unknown, expired or revoked')
  return principal
}
