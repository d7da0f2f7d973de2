/** What the paths of a machine must cover: each of its transitions, and for a guard that stands alone also its no. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import type { Stepped } from './world.ts'

export interface Goal {
  /** `plan --xstate.done.actor.planTool [isCancelled]--> collect` */
  readonly name: string
  readonly side: 'taken' | 'not taken'
  /** The same object for as long as the machine is the same: transitions are known by identity. */
  readonly definition: AnyTransitionDefinition
}

export function goalsOf(machine: AnyStateMachine): readonly Goal[] {
  const groups = nodesBelow(machine.root as AnyStateNode).flatMap((node) => [
    ...node.transitions.values(),
    ...(node.always ? [node.always] : []),
  ])
  const taken = groups.flat().map((definition): Goal => {
    return { name: transitionName(definition), side: 'taken', definition }
  })
  const notTaken = groups.filter(standsAlone).map(([definition]): Goal => {
    return { name: refusalName(definition as AnyTransitionDefinition), side: 'not taken', definition } as Goal
  })
  return distinct([...taken, ...notTaken])
}

/** Which of the goals a step reaches. */
export function reached(goals: readonly Goal[], stepped: Stepped): readonly Goal[] {
  return goals.filter(({ side, definition }) => {
    if (definition.source.machine !== stepped.machine) return false
    return side === 'taken' ? stepped.recorded && stepped.fired.includes(definition) : declined(definition, stepped)
  })
}

/** `source --event [guard]--> targets`: the journal's words, and the guard. */
export function transitionName({ source, target, eventType, guard }: AnyTransitionDefinition): string {
  const from = nodeName(source)
  const to = target?.map(nodeName).join(',') || from
  return `${from} --${eventType || 'always'}${guard ? ` [${guardName(guard)}]` : ''}--> ${to}`
}

/** As the journal writes it. */
export function journalText({ source, target, eventType }: AnyTransitionDefinition): string {
  return transitionName({ source, target, eventType } as AnyTransitionDefinition)
}

function refusalName({ source, eventType, guard }: AnyTransitionDefinition): string {
  return `${nodeName(source)} --${eventType || 'always'} [not ${guardName(guard)}]--> nothing`
}

// No transition of the same state on the same event is left when the guard says no.
function standsAlone(group: readonly AnyTransitionDefinition[]): boolean {
  return group.length > 0 && group.every(({ guard }) => guard !== undefined)
}

// The event came while the source was active, nothing inside the source took it, and no guard of the group said yes.
// An eventless transition of a state that is still active after a step has been asked and has said no; so has one
// on the state's own completion, when the state is still there and complete.
function declined({ source, eventType }: AnyTransitionDefinition, { before, after, event }: Stepped): boolean {
  if (eventType === '') return activeIn(after, source)
  if (eventType === `xstate.done.state.${source.id}`) return activeIn(after, source) && isComplete(after, source)
  if (before === undefined || event.type !== eventType || !activeIn(before, source)) return false
  const chosen: readonly AnyTransitionDefinition[] =
    before.snapshot.machine.getTransitionData(before.snapshot, event) ?? []
  return !chosen.some((one) => isWithin(one.source, source))
}

type Snapshots = Pick<Stepped['after'], 'snapshot'>

function nodesOf({ snapshot }: Snapshots): readonly AnyStateNode[] {
  return (snapshot as unknown as { _nodes: readonly AnyStateNode[] })._nodes
}

function activeIn(core: Snapshots, node: AnyStateNode): boolean {
  return core.snapshot.status === 'active' && nodesOf(core).includes(node)
}

function isComplete(core: Snapshots, node: AnyStateNode): boolean {
  const inside = Object.values(node.states) as AnyStateNode[]
  if (node.type === 'parallel')
    return inside.filter(({ type }) => type !== 'history').every((one) => isComplete(core, one))
  if (node.type === 'compound') return inside.some((one) => one.type === 'final' && nodesOf(core).includes(one))
  return node.type === 'final'
}

function isWithin(node: AnyStateNode | undefined, ancestor: AnyStateNode): boolean {
  return node !== undefined && (node === ancestor || isWithin(node.parent as AnyStateNode | undefined, ancestor))
}

function nodesBelow(node: AnyStateNode): AnyStateNode[] {
  return [node, ...(Object.values(node.states) as AnyStateNode[]).flatMap(nodesBelow)]
}

function nodeName({ path, machine }: AnyStateNode): string {
  return path.join('.') || machine.id
}

// `and`, `or` and `not` are functions that keep their parts in `guards`.
function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard
  const { type, name, guards } = guard as { type?: string; name?: string; guards?: readonly unknown[] }
  return guards ? `${name}(${guards.map(guardName).join(', ')})` : (type ?? name ?? 'guard')
}

function distinct(goals: readonly Goal[]): Goal[] {
  const seen = new Map<string, number>()
  return goals.map((goal) => {
    const times = (seen.get(goal.name) ?? 0) + 1
    seen.set(goal.name, times)
    return times === 1 ? goal : { ...goal, name: `${goal.name} (${times})` }
  })
}
