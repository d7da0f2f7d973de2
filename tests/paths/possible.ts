/** What could happen to a world next: what its instances may be told, how their work may end, and time. */
import { type MachineDefinition, workOf } from '../../machines/definition.ts'
import type { Outcome } from '../../src/engine/turn.ts'
import { type Answer, isSaid } from './cases.ts'
import type { Happening } from './happening.ts'
import type { Stage } from './stage.ts'
import { isActive, type Member, nextTimer, timeForFault, type World } from './world.ts'

/** What any piece of work fails with, unless a case says otherwise. */
const failure = { name: 'RemoteFailure', message: 'out of order' }

/** Nothing more once the subject has ended. */
export function possible(stage: Stage, world: World): readonly Happening[] {
  if (Object.keys(world.members).length === 0) return stage.starts
  const members = Object.values(world.members).filter(isActive)
  if (!members.some(({ name }) => name === stage.name)) return []
  return [...members.flatMap((member) => happeningsTo(stage, world, member)), ...timePassing(world)]
}

function happeningsTo(stage: Stage, world: World, member: Member): Happening[] {
  const { name, told } = member
  const at = name === stage.name ? '' : `${name}: `
  if (told) return told.map((event) => ({ kind: 'told', label: `${at}${event.type}`, to: name, event, by: world.by }))
  return [
    ...events(stage, world, member, at),
    ...Object.keys(member.work).flatMap((work_id) => outcomes(stage, member, work_id, at)),
    ...(name === stage.name ? breakingChildren(world, member) : []),
  ]
}

// What only other machines may send is left to them, unless there is a case of it.
function events({ casesFor }: Stage, world: World, { name, definition }: Member, at: string): Happening[] {
  const { says = {} } = casesFor(definition.machine.id)
  return Object.entries(definition.events).flatMap(([type, schema]) => {
    const needsNothing = definition.access.events[type] !== 'internal' && schema.safeParse({ type }).success
    const cases = says[type] ?? (needsNothing ? [{}] : [])
    return cases.map((one, index): Happening => {
      const { payload, by } = isSaid(one) ? one : { payload: one as object, by: world.by }
      const event = { ...payload, type }
      const parsed = schema.safeParse(event)
      if (!parsed.success) throw unfit(definition, type, parsed.error)
      return { kind: 'told', label: `${at}${type}${numbered(index, cases)}`, to: name, event, by }
    })
  })
}

function outcomes({ casesFor }: Stage, member: Member, work_id: string, at: string): Happening[] {
  const { says = {} } = casesFor(member.definition.machine.id)
  const done = says[`xstate.done.actor.${work_id}`] ?? []
  const errors = says[`xstate.error.actor.${work_id}`] ?? [failure]
  const happening = (label: string, outcome: Outcome): Happening => {
    return { kind: 'outcome', label: `${at}xstate.${label}`, of: member.name, work_id, outcome }
  }
  return [
    ...done.map((answer, index) =>
      happening(`done.actor.${work_id}${numbered(index, done)}`, { done: answered(member, work_id, answer) }),
    ),
    ...errors.map((error, index) => happening(`error.actor.${work_id}${numbered(index, errors)}`, { error })),
  ]
}

// As the engine will hand it to the chart, which must have declared it so.
function answered({ definition, work }: Member, work_id: string, answer: unknown): unknown {
  const { machine } = definition
  const { source = '', input } = work[work_id] ?? {}
  const value = typeof answer === 'function' ? (answer as Answer)(input as never) : answer
  const declared = workOf(machine.implementations.actors[source.slice(machine.id.length + 1)])
  if (declared?.kind !== 'effect') return value
  const parsed = declared.output.safeParse(value)
  if (!parsed.success) throw unfit(definition, `xstate.done.actor.${work_id}`, parsed.error)
  return JSON.parse(JSON.stringify(parsed.data))
}

function breakingChildren(world: World, { name, core }: Member): Happening[] {
  if (!timeForFault(world)) return []
  return Object.keys(core.children)
    .map((child_id) => world.members[`${name}.${child_id}`])
    .filter((child): child is Member => child !== undefined && isActive(child))
    .map((child) => ({ kind: 'broken', label: `${child.name} breaks`, of: child.name }))
}

function timePassing(world: World): Happening[] {
  const next = nextTimer(world)
  return next ? [{ kind: 'time', label: `time: ${next.member.timers[next.timer_id]?.event.type}` }] : []
}

function numbered(index: number, cases: readonly unknown[]): string {
  return cases.length > 1 ? ` (${index + 1})` : ''
}

function unfit({ machine }: MachineDefinition, type: string, cause: Error): Error {
  return new Error(
    `A case of "${type}" in tests/paths/cases/${machine.id}.ts is not what the chart declares: ${cause.message}`,
  )
}
