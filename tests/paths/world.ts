/**
 * A world of a few instances, stepped without a host: what the engine makes of an event, told again in its simplest
 * form. Paths are explored here, on the pure step alone, and the engine is measured against it afterwards.
 *
 *   World ── begun · told · finished · waited · broken ──▶ World', with every step that was taken on the way
 *
 * Worlds are never changed; time moves only in `waited`, from one due timer to the next.
 */
import type { AnyStateMachine } from 'xstate'
import type { MachineDefinition, Moment, Principal } from '../../machines/definition.ts'
import { derivedId } from '../../src/engine/ids.ts'
import { systemPrincipal } from '../../src/engine/runner.ts'
import {
  type Command,
  type Core,
  type Event,
  FAULT,
  firstStep,
  type Step,
  step,
  type Target,
} from '../../src/engine/step.ts'
import type { Outcome } from '../../src/engine/turn.ts'
import { canonical } from '../../src/ledger/canonical.ts'

export interface Member {
  /** `run`, and below it `run.planApproval`. */
  readonly name: string
  readonly definition: MachineDefinition
  readonly instance_id: string
  readonly parent: { readonly instance_id: string; readonly child_id: string } | null
  readonly core: Core
  readonly revision: number
  /** Work it waits for, by its id in the chart. */
  readonly work: Readonly<Record<string, Work>>
  readonly timers: Readonly<Record<string, Timer>>
  /** All it is ever told; undefined: whatever its cases say. */
  readonly told: readonly Event[] | undefined
}

interface Work {
  readonly effect_id: string
  readonly source: string
  readonly input: unknown
}

interface Timer {
  readonly effect_id: string
  readonly due: number
  readonly event: Event
  readonly to: Target
}

export interface World {
  readonly now: number
  /** Who speaks, unless somebody else is named. */
  readonly by: Principal
  /** By name, in the order they were born. */
  readonly members: Readonly<Record<string, Member>>
  /** Steps of what happened last. */
  readonly log: readonly Stepped[]
  /** Why what happened last was refused: then nobody moved, and the log holds what was tried. */
  readonly refused: string | null
  /** Turns so far; ids are made of it. */
  readonly turns: number
}

export interface Stepped {
  readonly name: string
  readonly instance_id: string
  readonly machine: AnyStateMachine
  readonly event: Event
  readonly moment: Moment
  /** Undefined at birth. */
  readonly before: Core | undefined
  readonly after: Core
  readonly fired: Step['fired']
  /** False when it was only tried: not taken, or refused with all of its turn. */
  readonly recorded: boolean
}

const BEGINNING = Date.parse('2026-01-01T00:00:00.000Z')
/** The longest the engine sleeps before it looks for timers others have written. */
const LONGEST_SLEEP_MS = 5_000
const TIMERS_AT_ONCE = 100

/** Before anything has begun. */
export const nobody: World = {
  now: BEGINNING,
  by: systemPrincipal('default'),
  members: {},
  log: [],
  refused: null,
  turns: 0,
}

interface Birth {
  readonly name: string
  readonly definition: MachineDefinition
  readonly input: unknown
  readonly by: Principal
  /** Of an instance that has an id of its own; others get one that follows from the turn. */
  readonly instance_id?: string | undefined
  readonly told?: readonly Event[] | undefined
}

/** Knows the definitions of child machines by their charts. */
export type Known = (machine: AnyStateMachine) => MachineDefinition

export function worldsOf(known: Known) {
  const bySystem = ({ by }: World) => systemPrincipal(by.tenant)
  const turn = (world: World, by: Principal, work: (turn: Turn) => void): World => {
    const turn = new Turn(known, world, by)
    try {
      work(turn)
      return turn.world()
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal
      const log = turn.log.map((stepped) => ({ ...stepped, recorded: false }))
      return { ...world, log, refused: refusal.code, turns: world.turns + 1 }
    }
  }
  const accepted = (world: World, what: string): World => {
    if (world.refused !== null) throw new Error(`The charts cannot take ${what}: ${world.refused}`)
    return world
  }
  const fire = (world: World, { name }: Member, timer_id: string): World => {
    const what = `the timer ${timer_id} of ${name}`
    return accepted(
      turn(world, bySystem(world), (turn) => turn.fire(name, timer_id)),
      what,
    )
  }

  return {
    begun: (world: World, birth: Birth): World => turn(world, birth.by, (turn) => turn.begin(birth)),

    told: (world: World, name: string, event: Event, by: Principal): World =>
      turn(world, by, (turn) => turn.tell(name, event)),

    finished: (world: World, name: string, work_id: string, outcome: Outcome): World =>
      accepted(
        turn(world, bySystem(world), (turn) => turn.finish(name, work_id, outcome)),
        `the outcome of ${work_id}`,
      ),

    /** On to the next due timer, and all that are due with it. */
    waited(world: World): World {
      const next = nextTimer(world)
      if (next === undefined) throw new Error('There is no timer to wait for')
      let later: World = { ...world, now: Math.max(world.now, next.due) }
      const log: Stepped[] = []
      for (let fired = 0; fired < TIMERS_AT_ONCE; fired++) {
        const due = nextTimer(later)
        if (due === undefined || due.due > later.now) return { ...later, log }
        later = fire(later, due.member, due.timer_id)
        log.push(...later.log)
      }
      throw new Error(`More than ${TIMERS_AT_ONCE} timers are due at once`)
    },

    /** The chart of that instance fails, as over a timer: the engine ends it in error. */
    broken: (world: World, name: string): World => {
      const later = { ...world, now: world.now + LONGEST_SLEEP_MS }
      return accepted(
        turn(later, bySystem(world), (turn) => turn.break(name)),
        `the failure of ${name}`,
      )
    },
  }
}

/** The error a chart is told when an instance was broken. */
export const brokenError = { name: 'Error', message: 'the chart has failed' }

/** When the next timer is due, and whose it is. */
export function nextTimer(world: World): { member: Member; timer_id: string; due: number } | undefined {
  const timers = Object.values(world.members).flatMap((member) =>
    Object.entries(member.timers).map(([timer_id, { due }]) => ({ member, timer_id, due })),
  )
  return timers.reduce<(typeof timers)[number] | undefined>((a, b) => (a && a.due <= b.due ? a : b), undefined)
}

/** Whether a fault that takes a while to be seen would not let a timer fire on the way. */
export function timeForFault(world: World): boolean {
  return (nextTimer(world)?.due ?? Number.POSITIVE_INFINITY) > world.now + LONGEST_SLEEP_MS
}

export function isActive({ core }: Member): boolean {
  return core.snapshot.status === 'active'
}

class Refused extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

interface Delivery {
  readonly to: string
  readonly event: Event
  readonly mode: 'required' | 'optional' | 'outcome' | 'timer' | 'stop'
  /** Of an outcome: it counts only while that child is still this one. */
  readonly child?: { readonly id: string; readonly ref: string }
}

class Turn {
  readonly log: Stepped[] = []
  readonly #known: Known
  readonly #before: World
  readonly #by: Principal
  readonly #members: Record<string, Member>
  readonly #queue: Delivery[] = []
  readonly #event_id: string

  constructor(known: Known, world: World, by: Principal) {
    this.#known = known
    this.#before = world
    this.#by = by
    this.#members = { ...world.members }
    this.#event_id = `01990000-0000-7000-8000-${(world.turns + 1).toString(16).padStart(12, '0')}`
  }

  world(): World {
    return { ...this.#before, members: this.#members, log: this.log, refused: null, turns: this.#before.turns + 1 }
  }

  begin({ name, definition, input, told, instance_id = derivedId(this.#event_id, 'instance') }: Birth): void {
    this.#born({ name, definition, instance_id, parent: null, told }, input)
    this.#drain()
  }

  tell(name: string, event: Event): void {
    this.#queue.push({ to: this.#named(name).instance_id, event, mode: 'required' })
    this.#drain()
  }

  finish(name: string, work_id: string, outcome: Outcome): void {
    const member = this.#named(name)
    const { [work_id]: work, ...rest } = member.work
    if (work === undefined) throw new Error(`${name} does not wait for ${work_id}`)
    this.#members[name] = { ...member, work: rest }
    this.#queue.push(outcomeDelivery(member.instance_id, work_id, work.effect_id, outcome))
    this.#drain()
  }

  fire(name: string, timer_id: string): void {
    const member = this.#named(name)
    const { [timer_id]: timer, ...rest } = member.timers
    if (timer === undefined) throw new Error(`${name} has no timer ${timer_id}`)
    this.#members[name] = { ...member, timers: rest }
    const to = this.#addressee(member, timer.to)
    if (to === undefined) return
    this.#queue.push({ to, event: timer.event, mode: to === member.instance_id ? 'timer' : 'required' })
    this.#drain()
  }

  break(name: string): void {
    const event: Event = { type: FAULT, error: brokenError }
    this.#queue.push({ to: this.#named(name).instance_id, event, mode: 'stop' })
    this.#drain()
  }

  #drain(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#deliver(next)
  }

  #deliver({ to, event, mode, child }: Delivery): void {
    const target = this.#found(to)
    if (target === undefined) {
      if (mode === 'stop' || mode === 'outcome') return
      throw new Refused('INSTANCE_NOT_FOUND')
    }
    if (!isActive(target)) return
    if (child && target.core.children[child.id]?.id !== child.ref) return
    const moment = this.#moment(event.type)
    if (mode === 'required' || mode === 'optional') this.#refuse(target, event, moment)
    const stepped = this.#stepped(target, event, moment)
    const taken = stepped.fired.length > 0 || stepped.core.snapshot.status !== 'active'
    const { name, instance_id, core, definition } = target
    const recorded = taken || (mode !== 'required' && mode !== 'optional')
    const entry = { name, instance_id, machine: definition.machine, event, moment, before: core, recorded }
    this.log.push({ ...entry, after: stepped.core, fired: stepped.fired })
    if (!taken && mode === 'required') throw new Refused('EVENT_NOT_ACCEPTED')
    if (recorded) this.#record(target, stepped)
  }

  #refuse({ definition, core }: Member, event: Event, moment: Moment): void {
    const { value, context } = core.snapshot
    const reason = definition.refuse?.({ value, context: { ...context, moment }, event })
    if (reason) throw new Refused(reason.code)
  }

  #stepped(target: Member, event: Event, moment: Moment): Step {
    const { name, definition, core } = target
    try {
      return step(definition.machine, identityOf(target), core, event, moment)
    } catch (cause) {
      const where = JSON.stringify(core.snapshot.value)
      throw new Error(`The chart of ${name} fails in ${where} over ${JSON.stringify(event)}: ${cause}`, { cause })
    }
  }

  #born(newborn: Pick<Member, 'name' | 'definition' | 'instance_id' | 'parent' | 'told'>, input: unknown): void {
    const { name, instance_id, definition } = newborn
    const { machine } = definition
    const event: Event = { type: 'xstate.init', input }
    const moment = this.#moment(event.type)
    const stepped = firstStep(machine, identityOf(newborn), input, moment)
    const { core, fired } = stepped
    const entry = { name, instance_id, machine, event, moment, before: undefined, recorded: true }
    this.log.push({ ...entry, after: core, fired })
    this.#record({ ...newborn, core, revision: 0, work: {}, timers: {} }, stepped)
  }

  #record(before: Member, { core, commands }: Step): void {
    const member = { ...before, core, revision: before.revision + 1 }
    this.#members[member.name] = member
    for (const command of commands) this.#obey(member, command)
    if (!isActive(member)) this.#tellParent(member)
  }

  #obey(from: Member, command: Command): void {
    switch (command.kind) {
      case 'effect': {
        const { child_id, effect_id, source, input } = command
        this.#change(from.name, ({ work }) => ({ work: { ...work, [child_id]: { effect_id, source, input } } }))
        return
      }
      case 'timer': {
        const { timer_id, effect_id, due_at, event, to } = command
        const timer = { effect_id, due: Date.parse(due_at), event, to }
        this.#change(from.name, ({ timers }) => ({ timers: { ...timers, [timer_id]: timer } }))
        return
      }
      case 'cancel': {
        const { effect_id } = command
        this.#change(from.name, ({ work, timers }) => ({
          work: without(work, effect_id),
          timers: without(timers, effect_id),
        }))
        return
      }
      case 'child': {
        const { child_id, instance_id, machine, input } = command
        const parent = { instance_id: from.instance_id, child_id }
        const definition = this.#known(machine)
        this.#born({ name: `${from.name}.${child_id}`, definition, instance_id, parent, told: undefined }, input)
        return
      }
      case 'stop':
        this.#queue.push({ to: command.instance_id, event: { type: 'xstate.stop' }, mode: 'stop' })
        return
      case 'send':
        this.#send(from, command)
        return
      case 'emit':
        return
    }
  }

  // What is sent to work raises its signal and changes no instance.
  #send(from: Member, { to, event, optional }: Extract<Command, { kind: 'send' }>): void {
    if (to.kind === 'effect') return
    const address = this.#addressee(from, to)
    if (address === undefined) throw new Error(`${from.name} has no parent to send "${event.type}" to`)
    this.#queue.push({ to: address, event: { ...event }, mode: optional ? 'optional' : 'required' })
  }

  #addressee({ instance_id, parent }: Member, to: Target): string | undefined {
    switch (to.kind) {
      case 'self':
        return instance_id
      case 'parent':
        return parent?.instance_id
      case 'instance':
        return to.instance_id
      case 'effect':
        return undefined
    }
  }

  #tellParent({ parent, instance_id, core }: Member): void {
    const { status, output, error } = core.snapshot
    if (parent === null || status === 'stopped') return
    const outcome: Outcome = status === 'done' ? { done: output ?? null } : { error }
    this.#queue.push(outcomeDelivery(parent.instance_id, parent.child_id, instance_id, outcome))
  }

  #change(name: string, change: (member: Member) => Partial<Member>): void {
    const member = this.#named(name)
    this.#members[name] = { ...member, ...change(member) }
  }

  #named(name: string): Member {
    const member = this.#members[name]
    if (member === undefined) throw new Error(`There is no ${name} in this world`)
    return member
  }

  #found(id: string): Member | undefined {
    return Object.values(this.#members).find(({ instance_id }) => instance_id === id)
  }

  // As the engine has it: the first step carries the event's own id, the ones it causes follow from it.
  #moment(name: string): Moment {
    const id = this.log.length === 0 ? this.#event_id : derivedId(this.#event_id, `step/${name}`, this.log.length)
    return { at: new Date(this.#before.now).toISOString(), by: this.#by, id }
  }
}

function identityOf({ instance_id, parent }: Pick<Member, 'instance_id' | 'parent'>) {
  return { instance_id, parent_id: parent?.instance_id ?? null }
}

function without<T extends { readonly effect_id: string }>(all: Readonly<Record<string, T>>, effect_id: string) {
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one.effect_id !== effect_id))
}

function outcomeDelivery(to: string, child_id: string, ref: string, outcome: Outcome): Delivery {
  const event: Event =
    'error' in outcome
      ? { type: `xstate.error.actor.${child_id}`, error: outcome.error, actorId: child_id }
      : { type: `xstate.done.actor.${child_id}`, output: outcome.done, actorId: child_id }
  return { to, event: JSON.parse(canonical(event)), mode: 'outcome', child: { id: child_id, ref } }
}
