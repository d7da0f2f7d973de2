/** Machine names from outside, and the definitions behind instances. */
import type { Catalogue } from '../engine/catalogue.ts'
import type { Registered } from '../engine/registration.ts'
import { invalid } from '../params.ts'

export function machineNames(catalogue: Catalogue): readonly string[] {
  return [...new Set(catalogue.all.map(({ name }) => name))].sort()
}

/** The machine a body or a filter names in its field `machine`. */
export function knownMachine(
  catalogue: Catalogue,
  name: string,
  code: 'INVALID_REQUEST' | 'INVALID_FILTER',
): Registered {
  const names = machineNames(catalogue)
  if (names.includes(name)) return catalogue.newest(name)
  throw invalid(code, [{ field: 'machine', wanted: `one of ${names.join(', ')}`, got: name }])
}

/** The definition an instance lives by; a server that lacks one of its instances' machines does not start. */
export function definitionOf(
  catalogue: Catalogue,
  { machine, version }: { machine: string; version: string },
): Registered {
  const definition = catalogue.version(machine, version)
  if (definition === undefined) throw new Error(`No machine "${machine}" of version "${version}" is registered`)
  return definition
}
