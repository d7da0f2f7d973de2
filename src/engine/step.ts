/**
 * The step: what one event does to one instance. Pure: the same snapshot, event and moment give the same bytes, so
 * a journal can be replayed at any time, here or by an auditor.
 *
 *   Core (snapshot, children, timers) + event + moment  →  Core', commands in order, transitions that fired
 *
 * Ids of what a step brings about are derived from the id of its event, so a step that is computed again (after a
 * lost race, in a replay) names the same effects, timers and children.
 */
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition, EventObject } from 'xstate'
import { addressOf, type Moment, optional, workOf } from '../../machines/definition.ts'
import { derivedId } from './ids.ts'
import { type ScopedAction, stepScope, stubRef } from './scope.ts'
import type { ChildView } from './types.ts'

/** An instance between steps, as the chart knows it. */
export interface Core {
  readonly snapshot: AnyMachineSnapshot
  readonly children: Readonly<Record<string, ChildView>>
  /** Effect id of each timer that is set, by its id in the chart. */
  readonly timers: Readonly<Record<string, string>>
}

export type Event = EventObject & Readonly<Record<string, unknown>>

export type Target =
  | { readonly kind: 'parent' }
  | { readonly kind: 'self' }
  | { readonly kind: 'instance'; readonly instance_id: string }
  | { readonly kind: 'effect'; readonly effect_id: string }

/** What the chart wants done, as data. */
export type Command =
  | {
      readonly kind: 'effect'
      readonly effect_id: string
      readonly child_id: string
      readonly source: string
      readonly input: unknown
    }
  | {
      readonly kind: 'child'
      readonly instance_id: string
      readonly child_id: string
      readonly machine: AnyStateMachine
      readonly input: unknown
    }
  | {
      readonly kind: 'timer'
      readonly effect_id: string
      readonly timer_id: string
      readonly due_at: string
      readonly event: Event
      readonly to: Target
      readonly optional: boolean
    }
  /** `source` names the work that is not wanted any more; null means a timer. */
  | { readonly kind: 'cancel'; readonly effect_id: string; readonly source: string | null }
  | { readonly kind: 'stop'; readonly instance_id: string }
  | { readonly kind: 'send'; readonly to: Target; readonly event: Event; readonly optional: boolean }
  | { readonly kind: 'emit'; readonly event: Event }

export interface Step {
  readonly core: Core
  readonly commands: readonly Command[]
  readonly fired: readonly AnyTransitionDefinition[]
}

/** Who the instance is, and whom `sendParent` reaches. */
export interface Identity {
  readonly instance_id: string
  readonly parent_id: string | null
}

/** The first step of a new instance. Throws what the chart throws. */
export function firstStep(machine: AnyStateMachine, identity: Identity, input: unknown, moment: Moment): Step {
  const { scope, actions, fired } = stepScope(identity.instance_id, parentRef(identity))
  const snapshot = machine.getInitialSnapshot(scope, { input, moment }) as AnyMachineSnapshot
  if (snapshot.status === 'error') throw snapshot.error
  if (snapshot.context.moment !== moment || snapshot.context.input !== input) {
    throw new TypeError(
      `Machine "${machine.id}" must begin its context with what it is started with: ({ input: start }) => ({ ...start, … })`,
    )
  }
  return settled({ children: {}, timers: {} }, snapshot, actions, fired, moment)
}

/** The event that ends an instance in error when its own chart failed; no chart ever sees it. */
export const FAULT = 'chancery.fault'

/** A step of an instance that exists. When no transition fired, the event was not accepted. Throws what the chart throws. */
export function step(machine: AnyStateMachine, identity: Identity, core: Core, event: Event, moment: Moment): Step {
  const { scope, actions, fired } = stepScope(identity.instance_id, parentRef(identity))
  const before = { ...core.snapshot, context: { ...core.snapshot.context, moment } } as AnyMachineSnapshot
  const snapshot =
    event.type === FAULT
      ? ({ ...before, status: 'error', error: event.error } as AnyMachineSnapshot)
      : (machine.transition(before, event, scope) as AnyMachineSnapshot)
  return settled(core, snapshot, actions, fired, moment)
}

// Charts name work by the source of the invoke; handlers are found under `machine.source`.
export function sourceName(machine: AnyStateMachine, src: string): string {
  return `${machine.id}.${src}`
}

function parentRef({ parent_id }: Identity): AnyActorRef | undefined {
  return parent_id === null ? undefined : stubRef(parent_id)
}

type Held = Pick<Core, 'children' | 'timers'>

// Reads the actions in the order the chart gave them. Work that is begun and ended within one step never leaves it.
function settled(
  held: Held,
  snapshot: AnyMachineSnapshot,
  actions: readonly ScopedAction[],
  fired: readonly AnyTransitionDefinition[],
  moment: Moment,
): Step {
  const book = new Book(held, snapshot.machine as AnyStateMachine, moment)
  for (const action of actions) book.enter(action)
  if (snapshot.status !== 'active') book.endAll()
  const children = Object.fromEntries(Object.keys(book.children).map((id) => [id, stubRef(id)]))
  return {
    core: { snapshot: { ...snapshot, children } as AnyMachineSnapshot, children: book.children, timers: book.timers },
    commands: book.commands,
    fired,
  }
}

class Book {
  children: Record<string, ChildView>
  timers: Record<string, string>
  commands: Command[] = []
  #machine: AnyStateMachine
  #moment: Moment
  #made = 0

  constructor(held: Held, machine: AnyStateMachine, moment: Moment) {
    this.children = { ...held.children }
    this.timers = { ...held.timers }
    this.#machine = machine
    this.#moment = moment
  }

  enter({ type, params }: ScopedAction): void {
    switch (type) {
      case 'xstate.raise':
        this.#raise(params as { event: Event; id?: string; delay?: number })
        return
      case 'xstate.sendTo':
        this.#send(params as { to: AnyActorRef; event: Event; id?: string; delay?: number })
        return
      case 'xstate.cancel':
        this.#cancelTimer((params as { sendId: string }).sendId)
        return
      case 'xstate.spawnChild':
        this.#spawn(params as { id: string; src: string; input: unknown })
        return
      case 'xstate.stopChild':
        this.#stop((params as AnyActorRef | undefined)?.id)
        return
      case 'xstate.emit':
        this.commands.push({ kind: 'emit', event: (params as { event: Event }).event })
        return
      default:
        throw new TypeError(`Machine "${this.#machine.id}" runs the action "${type}", which no host can make durable`)
    }
  }

  /** A finished instance leaves no work behind. */
  endAll(): void {
    for (const id of Object.keys(this.children)) this.#stop(id)
    for (const id of Object.keys(this.timers)) this.#cancelTimer(id)
  }

  #raise({ event, id, delay }: { event: Event; id?: string; delay?: number }): void {
    if (delay !== undefined) this.#setTimer(id ?? event.type, { event, delay, to: { kind: 'self' }, optional: false })
  }

  #send({ to, event, id, delay }: { to: AnyActorRef; event: Event; id?: string; delay?: number }): void {
    const target = this.#target(to)
    const isOptional = id === optional.id
    if (delay === undefined) this.commands.push({ kind: 'send', to: target, event, optional: isOptional })
    else this.#setTimer((isOptional ? undefined : id) ?? event.type, { event, delay, to: target, optional: isOptional })
  }

  #target(to: AnyActorRef): Target {
    const address = addressOf(to)
    if (address !== undefined) return { kind: 'instance', instance_id: address }
    const child = this.children[to.id]
    if (child === undefined) return to.system === undefined ? { kind: 'parent' } : { kind: 'self' }
    return child.kind === 'machine'
      ? { kind: 'instance', instance_id: child.id }
      : { kind: 'effect', effect_id: child.id }
  }

  #setTimer(timer_id: string, timer: { event: Event; delay: number; to: Target; optional: boolean }): void {
    this.#cancelTimer(timer_id)
    const { delay, ...told } = timer
    const effect_id = this.#newId(`timer/${timer_id}`)
    const due_at = new Date(Date.parse(this.#moment.at) + Math.max(0, delay)).toISOString()
    this.timers[timer_id] = effect_id
    this.commands.push({ kind: 'timer', effect_id, timer_id, due_at, ...told })
  }

  #cancelTimer(timer_id: string): void {
    const effect_id = this.timers[timer_id]
    if (effect_id === undefined) return
    delete this.timers[timer_id]
    this.#retract(effect_id, { kind: 'cancel', effect_id, source: null })
  }

  #spawn({ id, src, input }: { id: string; src: string; input: unknown }): void {
    const work = workOf(this.#machine.implementations.actors[src])
    const source = sourceName(this.#machine, src)
    if (work?.kind === 'machine') {
      const instance_id = this.#newId(`child/${id}`)
      this.children[id] = { kind: 'machine', source, id: instance_id }
      this.commands.push({ kind: 'child', instance_id, child_id: id, machine: work.machine, input })
    } else {
      const effect_id = this.#newId(`effect/${id}`)
      this.children[id] = { kind: 'effect', source, id: effect_id }
      this.commands.push({ kind: 'effect', effect_id, child_id: id, source, input })
    }
  }

  #stop(child_id: string | undefined): void {
    const child = child_id === undefined ? undefined : this.children[child_id]
    if (child === undefined || child_id === undefined) return
    delete this.children[child_id]
    if (child.kind === 'effect') this.#retract(child.id, { kind: 'cancel', effect_id: child.id, source: child.source })
    else this.#retract(child.id, { kind: 'stop', instance_id: child.id })
  }

  // What this same step began is taken back; what an earlier one began is told to end.
  #retract(id: string, ending: Command): void {
    const begun = this.commands.findIndex((command) => begins(command, id))
    if (begun === -1) this.commands.push(ending)
    else this.commands.splice(begun, 1)
  }

  #newId(name: string): string {
    return derivedId(this.#moment.id, name, this.#made++)
  }
}

function begins(command: Command, id: string): boolean {
  if (command.kind === 'child') return command.instance_id === id
  return (command.kind === 'effect' || command.kind === 'timer') && command.effect_id === id
}
