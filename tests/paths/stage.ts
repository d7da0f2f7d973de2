/**
 * Where the paths of one machine play: the subject, how its worlds begin, and every machine that turns up beside,
 * above or below it.
 */
import type { AnyStateMachine } from 'xstate'
import { type MachineDefinition, workOf } from '../../machines/definition.ts'
import { systemPrincipal } from '../../src/engine/runner.ts'
import { ada } from '../machines/support/walk.ts'
import type { Cases } from './cases.ts'
import { type Birth, type Happening, inputOf } from './happening.ts'
import { CHILD, parentOf } from './parent.ts'
import { nobody, type World, worldsOf } from './world.ts'

export interface Stage {
  readonly subject: MachineDefinition
  /** What the subject is called in its worlds. */
  readonly name: string
  readonly cases: Cases
  /** Of any machine: what may be said to it. */
  readonly casesFor: (machine: string) => Cases
  /** All an engine must know to play the paths. */
  readonly machines: readonly MachineDefinition[]
  readonly starts: readonly Happening[]
  /** The world after something has happened to it. */
  readonly after: (world: World, happening: Happening) => World
}

interface Circumstances {
  readonly casesFor: (machine: string) => Cases
  /** The definitions of machines that may be children of the subject. */
  readonly others: readonly MachineDefinition[]
}

const PARENT = 'parent'

export function stageOf(subject: MachineDefinition, { casesFor, others }: Circumstances): Stage {
  const cases = casesFor(subject.machine.id)
  const parent = cases.below && parentOf(subject, cases.below)
  const beside = Object.values(cases.starts).flatMap((start) =>
    Object.values(start.beside ?? {}).map(({ definition }) => definition),
  )
  const machines = withChildren([parent ?? subject, subject, ...beside], others)
  const worlds = worldsOf((machine) => definitionOf(machines, machine))

  function begun(happening: Happening & { kind: 'start' }): World {
    return happening.births.reduce<World>(
      (world, birth) => {
        const ids = Object.fromEntries(Object.values(world.members).map(({ name, instance_id }) => [name, instance_id]))
        const definition = machines.find(({ machine }) => machine.id === birth.machine) as MachineDefinition
        const input = definition.input.parse(inputOf(birth, ids))
        // What stands already was begun by the system.
        const by = birth.standing ? systemPrincipal(happening.by.tenant) : happening.by
        const next = worlds.begun(world, { ...birth, definition, input, by, instance_id: birth.standing })
        if (next.refused !== null) throw new Error(`"${happening.label}" cannot begin: ${next.refused}`)
        return { ...next, log: [...world.log, ...next.log] }
      },
      { ...nobody, by: happening.by },
    )
  }

  return {
    subject,
    name: parent ? `${PARENT}.${CHILD}` : subject.machine.id,
    cases,
    casesFor,
    machines,
    starts: startsOf(subject, cases, parent),
    after(world, happening) {
      switch (happening.kind) {
        case 'start':
          return begun(happening)
        case 'told':
          return worlds.told(world, happening.to, happening.event, happening.by)
        case 'outcome':
          return worlds.finished(world, happening.of, happening.work_id, happening.outcome)
        case 'time':
          return worlds.waited(world)
        case 'broken':
          return worlds.broken(world, happening.of)
      }
    },
  }
}

function startsOf(subject: MachineDefinition, cases: Cases, parent: MachineDefinition | undefined): Happening[] {
  return Object.entries(cases.starts).map(([label, { input, by = ada, beside = {}, standing }]) => {
    const companions = Object.entries(beside).map(([name, { definition, input, told = [] }]): Birth => {
      return { name, machine: definition.machine.id, input, told }
    })
    const told = cases.below?.handsOn?.map((type) => ({ type })) ?? []
    const birth: Birth = parent
      ? { name: PARENT, machine: parent.machine.id, input: { of_child: input }, told }
      : { name: subject.machine.id, machine: subject.machine.id, input, standing }
    return { kind: 'start', label: `start: ${label}`, by, births: [...companions, birth] }
  })
}

function withChildren(
  wanted: readonly MachineDefinition[],
  others: readonly MachineDefinition[],
): readonly MachineDefinition[] {
  const found = new Set<MachineDefinition>()
  const add = (definition: MachineDefinition): void => {
    if (found.has(definition)) return
    found.add(definition)
    for (const logic of Object.values(definition.machine.implementations.actors)) {
      const work = workOf(logic)
      if (work?.kind === 'machine') add(definitionOf([...wanted, ...others], work.machine))
    }
  }
  for (const definition of wanted) add(definition)
  return [...found]
}

function definitionOf(definitions: readonly MachineDefinition[], machine: AnyStateMachine): MachineDefinition {
  const found = definitions.find((one) => one.machine === machine)
  if (found) return found
  throw new Error(`There is no definition of the child machine "${machine.id}"`)
}
