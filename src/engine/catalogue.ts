/** Every machine this process can run, by name and version. */
import { type MachineDefinition, workOf } from '../../machines/definition.ts'
import { Refusal } from '../refusal.ts'
import { type Registered, registered } from './registration.ts'
import { sourceName } from './step.ts'

export interface Catalogue {
  readonly all: readonly Registered[]
  /** The version new instances begin with. Refuses an unknown name. */
  newest(name: string): Registered
  /** The version an instance was begun with; undefined when this process does not have it. */
  version(name: string, version: string): Registered | undefined
  /** `machine@version` of each. */
  readonly known: readonly string[]
  /** `machine.source` of all work some machine asks for. */
  sources(): readonly string[]
}

/** Definitions of one machine are listed oldest first. Throws UnfitMachine. */
export function catalogueOf(definitions: readonly MachineDefinition[]): Catalogue {
  const all = definitions.map(registered)
  const newest = new Map(all.map((machine) => [machine.name, machine]))
  const versions = new Map(all.map((machine) => [`${machine.name}@${machine.version}`, machine]))
  if (versions.size < all.length) throw new Error('A machine is listed twice with the same version')
  return {
    all,
    known: [...versions.keys()],
    newest(name) {
      const machine = newest.get(name)
      if (machine) return machine
      throw new Refusal(
        'MACHINE_NOT_FOUND',
        `There is no machine "${name}"; there are ${[...newest.keys()].join(', ')}`,
        { machine: name },
      )
    },
    version: (name, version) => versions.get(`${name}@${version}`),
    sources: () =>
      all.flatMap(({ machine }) =>
        Object.entries(machine.implementations.actors)
          .filter(([, logic]) => workOf(logic)?.kind === 'effect')
          .map(([src]) => sourceName(machine, src)),
      ),
  }
}
