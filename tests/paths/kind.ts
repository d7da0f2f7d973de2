/** When two worlds are of a kind: the same states, and the same in what guards read. */
import { projected } from './projection.ts'
import type { Stage } from './stage.ts'
import type { Member, World } from './world.ts'

export function kindOf({ casesFor }: Stage): (world: World) => string {
  const known = new WeakMap<World, string>()
  const member = ({ definition, core, work }: Member) => {
    const { status, value, context, historyValue } = core.snapshot
    const history = Object.entries(historyValue).map(([key, nodes]) => [key, nodes.map(({ id }) => id)])
    const projection = casesFor(definition.machine.id).projection ?? projected
    return [status, value, history, projection(context), Object.keys(core.children), Object.keys(work)]
  }
  return (world) => {
    const text =
      known.get(world) ??
      JSON.stringify([Object.entries(world.members).map(([name, one]) => [name, member(one)]), timersOf(world)])
    known.set(world, text)
    return text
  }
}

// Which timer is next matters, how long it takes does not.
function timersOf({ members }: World): string[] {
  return Object.values(members)
    .flatMap(({ name, timers }) => Object.entries(timers).map(([id, { due }]) => ({ due, timer: `${name} ${id}` })))
    .sort((a, b) => a.due - b.due || a.timer.localeCompare(b.timer))
    .map(({ timer }) => timer)
}
