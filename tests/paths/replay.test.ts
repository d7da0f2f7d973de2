/** Every path on the pure step alone: the transitions it names fire, in its order, and XState itself agrees. */
import { describe, expect, test } from 'vitest'
import { type AnyMachineSnapshot, initialTransition, transition } from 'xstate'
import { fromResting, toText } from '../../src/engine/persisted.ts'
import { firedIn } from './cover.ts'
import { reached } from './goals.ts'
import { coverages } from './subjects.ts'
import { type Member, nobody, type World } from './world.ts'

describe.each(coverages().map((coverage) => ({ machine: coverage.stage.subject.machine.id, ...coverage })))(
  '$machine',
  ({ stage, goals, paths }) => {
    test.each(paths)('$name', ({ steps, covers }) => {
      const worlds: World[] = []
      for (const { happening } of steps) worlds.push(stage.after(rested(worlds.at(-1) ?? nobody), happening))
      expect(worlds.map((world) => firedIn(world, goals, stage.name))).toEqual(steps.map(({ fired }) => fired))

      const log = worlds.flatMap((world) => world.log)
      expect(log.flatMap((stepped) => reached(goals, stepped))).toEqual(expect.arrayContaining([...covers]))
    })

    test.each(paths)('$name: no context leaves its schema', ({ steps }) => {
      for (const { after, happening } of steps) {
        for (const { name, definition, core } of Object.values(after.members)) {
          const { error } = definition.context.safeParse(JSON.parse(JSON.stringify(core.snapshot.context)))
          expect(error?.message, `${name} after ${happening.label}`).toBeUndefined()
        }
      }
    })

    // XState's own function cannot send to a parent, and gives a new instance no address.
    test.each(stage.cases.below ? [] : paths)('$name: as transition() has it', ({ steps }) => {
      const mine = steps
        .flatMap(({ after }) => after.log)
        .filter(({ name, recorded }) => name === stage.name && recorded)
      for (const { machine, event, moment, before, after } of mine) {
        if (before === undefined) {
          const [theirs] = initialTransition(machine, { input: event.input, moment } as never)
          expect(after.snapshot).toMatchObject({ value: theirs.value, status: theirs.status })
          continue
        }
        const told = { ...before.snapshot, context: { ...before.snapshot.context, moment } }
        const [theirs] = transition(machine, told as AnyMachineSnapshot, event)
        expect(place(after.snapshot), event.type).toEqual(place(theirs))
      }
    })
  },
)

function place({ value, context, status }: AnyMachineSnapshot) {
  return { value, context, status }
}

/** Everybody has been put down and taken up again, as between two turns of an engine that was restarted. */
function rested(world: World): World {
  const rest = ({ core, definition, ...member }: Member): Member => {
    const resting = JSON.parse(toText(core))
    return { ...member, definition, core: fromResting(definition.machine, resting, core.snapshot.context.input) }
  }
  const members = Object.entries(world.members).map(([name, member]) => [name, rest(member)])
  return { ...world, members: Object.fromEntries(members) }
}
