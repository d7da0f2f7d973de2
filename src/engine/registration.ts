/**
 * What the host must know of a machine before it runs one, and the lint that refuses charts which could not be
 * made durable. Every message says what to write instead.
 */
import { type AnyStateMachine, type AnyStateNode, StateMachine } from 'xstate'
import { type MachineDefinition, roles, workOf } from '../../machines/definition.ts'
import { canonical } from '../ledger/canonical.ts'
import { sha256 } from '../ledger/hash.ts'

const MAX_MICROSTEPS = 1000

export interface Registered extends MachineDefinition {
  readonly name: string
  readonly version: string
  /** Of the chart's structure and names; blind to the bodies of guards and assigns. */
  readonly structural_hash: string
}

class UnfitMachine extends Error {
  override readonly name = 'UnfitMachine'
  constructor(machine: string, problems: readonly string[]) {
    super(`Machine "${machine}" cannot be hosted:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
  }
}

/** Throws UnfitMachine listing every problem of the chart at once. */
export function registered(definition: MachineDefinition): Registered {
  const { machine } = definition
  const problems = [...problemsOf(definition)]
  if (problems.length > 0) throw new UnfitMachine(machine.id, problems)
  machine.options = { ...machine.options, maxIterations: MAX_MICROSTEPS }
  return {
    ...definition,
    name: machine.id,
    version: machine.version as string,
    structural_hash: structuralHash(machine),
  }
}

function structuralHash(machine: AnyStateMachine): string {
  return sha256(canonical(JSON.parse(JSON.stringify(machine.definition))))
}

function* problemsOf({ machine, context, events, access }: MachineDefinition): Generator<string> {
  if (!(machine instanceof StateMachine)) return yield 'it is not made by createMachine'
  if (!machine.version) yield "it has no version: createMachine({ version: '1.0.0', … })"
  for (const key of ['input', 'moment']) {
    if (!(key in context.shape))
      yield `its context schema has no "${key}": begin it with ({ input: start }) => ({ ...start, … })`
  }
  for (const type of Object.keys(events)) {
    if (type.startsWith('xstate.')) yield `event "${type}" is the host's own: declare only events others may send`
    if (!(type in access.events))
      yield `access.ts does not say who may send "${type}": roles, 'operation' or 'internal'`
  }
  for (const [type, admission] of Object.entries(access.events)) {
    if (!(type in events)) yield `access.ts names "${type}", which schema.ts does not declare`
    if (typeof admission !== 'string')
      for (const role of admission) if (!roles.includes(role)) yield `unknown role "${role}"`
  }
  const { implementations } = machine
  for (const [name, logic] of Object.entries(implementations.actors)) {
    if (workOf(logic) === undefined)
      yield `actor "${name}" is neither external(…) nor child(…): a handler in src/ does the work`
  }
  yield* customActions(machine)
  yield* nodeProblems(machine.root as AnyStateNode, machine, new Set())
}

const DURABLE = new Set([
  'xstate.assign',
  'xstate.raise',
  'xstate.sendTo',
  'xstate.emit',
  'xstate.cancel',
  'xstate.enqueueActions',
])

function* customActions({ implementations }: AnyStateMachine): Generator<string> {
  for (const [name, action] of Object.entries(implementations.actions)) {
    const { type, delay } = action as { type?: string; delay?: unknown }
    if (typeof action !== 'function' || type === undefined || !DURABLE.has(type)) {
      yield `action "${name}" does something itself: use assign, raise, sendTo, sendParent or emit, and invoke an actor for work`
    }
    // XState fires at once, and says nothing, when it does not know a delay.
    if (typeof delay === 'string' && !(delay in implementations.delays)) {
      yield `action "${name}" waits for the unknown delay "${delay}"`
    }
  }
}

function* nodeProblems(node: AnyStateNode, machine: AnyStateMachine, invokeIds: Set<string>): Generator<string> {
  const at = node.path.join('.') || '(root)'
  const { actions, guards, actors, delays } = machine.implementations
  if (node.type === 'compound' && node.initial.target.length === 0) yield `state ${at} has no initial state`
  for (const invoke of node.invoke) {
    const config = [node.config.invoke].flat().find((one) => one?.id === invoke.id)
    if (config?.id === undefined) yield `an invoke in ${at} has no id of its own: invoke: { id: '…', src: … }`
    else if (!('onError' in config))
      yield `invoke "${invoke.id}" has no onError: say where the chart goes when the work fails`
    if (typeof invoke.src !== 'string' || invoke.src.startsWith(INLINE_SOURCE))
      yield `an invoke in ${at} has its actor inline: name it in setup({ actors })`
    else if (!(invoke.src in actors)) yield `invoke "${invoke.id}" has the unknown source "${invoke.src}"`
    if (invoke.systemId) yield `invoke "${invoke.id}" has a systemId, which is not durable: address instances by id`
    if (invokeIds.has(invoke.id)) yield `two invokes are called "${invoke.id}"`
    invokeIds.add(invoke.id)
  }
  const { entry, exit } = node.config as { entry?: unknown; exit?: unknown }
  for (const action of [entry ?? [], exit ?? []].flat()) yield* actionProblems(action, at, actions)
  for (const delay of delaysOf(node)) {
    if (typeof delay === 'string' && !Number.isFinite(Number(delay)) && !(delay in delays))
      yield `state ${at} waits for the unknown delay "${delay}"`
    else if (Number.isFinite(Number(delay)))
      yield `state ${at} has the delay ${delay} inline: name it in setup({ delays })`
  }
  for (const transition of [...node.transitions.values()].flat().concat(node.always ?? [])) {
    if (transition.eventType.endsWith('*'))
      yield `state ${at} takes "${transition.eventType}", which would also take outcomes and timers: name the events`
    for (const guard of guardNames(transition.guard)) {
      if (guard === INLINE)
        yield `a transition of ${at} on "${transition.eventType}" has its guard inline: name it in setup({ guards })`
      else if (!(guard in guards))
        yield `a transition of ${at} on "${transition.eventType}" has the unknown guard "${guard}"`
    }
    for (const action of transition.actions) yield* actionProblems(action, at, actions)
  }
  for (const child of Object.values(node.states)) yield* nodeProblems(child, machine, invokeIds)
}

/** What XState calls an actor that stands in the chart itself. */
const INLINE_SOURCE = 'xstate.invoke.'
const INLINE = Symbol('inline')

// `and`, `or` and `not` are guards made of guards; XState keeps their parts in `guards`.
function* guardNames(guard: unknown): Generator<string | typeof INLINE> {
  if (guard === undefined || guard === null) return
  if (typeof guard === 'string') return yield guard
  const { guards, type } = guard as { guards?: readonly unknown[]; type?: string }
  if (guards) for (const part of guards) yield* guardNames(part)
  else if (typeof guard === 'function') {
    if (!('check' in guard)) yield INLINE
  } else if (type !== undefined) yield type
}

function* actionProblems(action: unknown, at: string, known: Record<string, unknown>): Generator<string> {
  if (typeof action === 'function') return yield `an action in ${at} stands inline: name it in setup({ actions })`
  const name = typeof action === 'string' ? action : (action as { type: string }).type
  if (!(name in known)) yield `an action in ${at} is called "${name}", which setup({ actions }) does not know`
}

function delaysOf(node: AnyStateNode): string[] {
  return Object.keys((node.config as { after?: object }).after ?? {})
}
