/**
 * What each machine's `access.ts` means on the generic routes, the journal and the streams (D19): who may start an
 * instance, read it, and send it what. Events and starts reserved to operations or to the engine are open to nobody here.
 */
import type { Access, Admission, MachineDefinition, Principal } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import type { InstanceSummary } from '../engine/types.ts'
import { Refusal } from '../refusal.ts'

export function admits(admission: Admission | undefined, principal: Principal): boolean {
  if (admission === undefined || typeof admission === 'string') return false
  return admission.some((role) => principal.roles.includes(role))
}

export function requireAdmission(what: string, admission: Admission | undefined, principal: Principal): void {
  if (admits(admission, principal)) return
  const reserved = admission === undefined || typeof admission === 'string'
  throw new Refusal(
    'PERMISSION_DENIED',
    reserved
      ? `${what} is not open to callers: only the flow's own operations do that`
      : `${what} is for ${admission.join(', ')}`,
    reserved ? {} : { required_roles: admission },
  )
}

export function mayRead(
  { access }: MachineDefinition,
  principal: Principal,
  { attributes }: Pick<InstanceSummary, 'attributes'>,
): boolean {
  if (readsAll(access, principal)) return true
  const attribute = ownAttribute(access, principal)
  return attribute !== undefined && attributes[attribute] === principal.id
}

/** Machines a principal reads alike: all of their instances, or those whose attribute names the principal. */
export interface ReadableMachines {
  readonly machines: readonly string[]
  readonly attributes?: Readonly<Record<string, string>>
}

/** What a list must ask for, so that it never holds a row its reader may not see. */
export function readableMachines(
  catalogue: Catalogue,
  principal: Principal,
  names: readonly string[],
): readonly ReadableMachines[] {
  const accessOf = (name: string) => catalogue.newest(name).access
  const all = names.filter((name) => readsAll(accessOf(name), principal))
  const own = Map.groupBy(names, (name) =>
    readsAll(accessOf(name), principal) ? undefined : ownAttribute(accessOf(name), principal),
  )
  return [
    ...(all.length > 0 ? [{ machines: all }] : []),
    ...[...own].flatMap(([attribute, machines]) =>
      attribute === undefined ? [] : [{ machines, attributes: { [attribute]: principal.id } }],
    ),
  ]
}

function readsAll({ read }: Access, principal: Principal): boolean {
  return read.any.some((role) => principal.roles.includes(role))
}

/** The attribute that must name the principal, for those who read only what is theirs. */
function ownAttribute({ read: { own } }: Access, principal: Principal): string | undefined {
  return own?.roles.some((role) => principal.roles.includes(role)) ? own.attribute : undefined
}
