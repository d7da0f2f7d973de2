/**
 * What an instance of a path's world and one of an engine have in common when they are in the same place. They have
 * the same names and different ids.
 */
import type { InstanceView } from '../../src/engine/types.ts'
import type { Member, World } from './world.ts'

/** Instance ids by the names of the path. */
export type Ids = ReadonlyMap<string, string>

export function likenessOfMember({ core, revision }: Member, world: World): unknown {
  const { status, value, context, output, error } = core.snapshot
  const whole = { status, state: value, context, output, error, revision, children: core.children }
  return likeness(whole, idsIn(world))
}

export function likenessOfView(view: InstanceView, ids: Ids): unknown {
  const { status, state, context, output, error, revision, children } = view
  return likeness({ status, state, context, output, error, revision, children }, ids)
}

/** The same value, said of an engine's instances instead of a world's. */
export function translated<T>(value: T, world: World, ids: Ids): T {
  const names = namesOf(idsIn(world))
  return rewritten(value, (id) => ids.get(names.get(id) ?? '') ?? id) as T
}

// Ids of instances become their names; all others are just ids.
function likeness(whole: object, ids: Ids): unknown {
  const names = namesOf(ids)
  return rewritten(whole, (id) => names.get(id) ?? 'an id')
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

function rewritten(value: unknown, rewrite: (id: string) => string): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(UUID, rewrite))
}

function idsIn({ members }: World): Ids {
  return new Map(Object.values(members).map(({ name, instance_id }) => [name, instance_id]))
}

function namesOf(ids: Ids): ReadonlyMap<string, string> {
  return new Map([...ids].map(([name, id]) => [id, name]))
}
