/**
 * The turn: an event and all the steps it causes in other instances, computed without waiting for anything and
 * committed together (design of the engine).
 *
 *   cause ──▶ deliver ──▶ step ──▶ commands ─┬─ start of a child, send, stop ──▶ deliver …
 *                                            ├─ inline work, done at once     ──▶ deliver …
 *                                            └─ effects, timers, cancellations ──▶ written with the turn
 *
 * A turn that needs an instance which is not in memory ends as `needs`; the caller loads it and computes again.
 */
import type { AnyStateMachine } from 'xstate'
import { type Moment, type Principal, workOf } from '../../machines/definition.ts'
import { canonical } from '../ledger/canonical.ts'
import { type Draft, newSalt, saltedHash } from '../ledger/entry.ts'
import { Refusal } from '../refusal.ts'
import type { Closing, Debt, Remembered } from '../store/commit.ts'
import type { Catalogue } from './catalogue.ts'
import { derivedId } from './ids.ts'
import { plainError, statePaths, toText } from './persisted.ts'
import type { Registered } from './registration.ts'
import type { Resident } from './resident.ts'
import { type Command, type Event, FAULT, firstStep, type Step, step, type Target } from './step.ts'
import type { Handlers } from './types.ts'

/** Steps of one turn; past that the remaining sends become effects and go on in turns of their own. */
export const MAX_STEPS = 64
/** Births cannot wait for a later turn; a chart that never ends giving birth is faulty. */
const MOST_STEPS = 1_000

export type Cause =
  | { readonly kind: 'start'; readonly instance_id: string; readonly machine: string; readonly input: unknown }
  | {
      readonly kind: 'event'
      readonly instance_id: string
      readonly event: Event
      readonly expected_revision?: number | undefined
    }
  /** What came of an effect; it counts only while that attempt is open and its invocation still stands. */
  | {
      readonly kind: 'outcome'
      readonly instance_id: string
      readonly child_id: string
      readonly effect_id: string
      readonly attempt: number
      readonly outcome: Outcome
    }
  | {
      readonly kind: 'timer'
      readonly instance_id: string
      readonly timer_id: string
      readonly effect_id: string
      readonly attempt: number
      readonly to: Target
      readonly event: Event
      readonly optional: boolean
    }
  /** A delivery that did not fit into the turn it came from. */
  | {
      readonly kind: 'sent'
      readonly instance_id: string
      readonly effect_id: string
      readonly attempt: number
      readonly delivery: Postponed
    }
  /** The chart itself failed over an outcome: the instance ends in error, on record. */
  | { readonly kind: 'fault'; readonly instance_id: string; readonly error: unknown }

export type Outcome = { readonly done: unknown } | { readonly error: unknown }

export interface TurnRequest {
  readonly cause: Cause
  readonly by: Principal
  readonly tenant: string
  readonly at: string
  readonly event_id: string
  readonly correlation_id: string
  readonly request?: Omit<Remembered, 'turn' | 'instance_id' | 'revision' | 'tenant' | 'principal_id'> | undefined
}

/** One instance's part of a turn. */
interface Touched {
  /** Undefined when the instance is born in this turn. */
  readonly before: Resident | undefined
  /** As it is after the turn; its last hash is set by the writer. */
  readonly after: Resident
  readonly drafts: readonly Draft[]
  readonly snapshot: string
}

export interface Turn {
  readonly touched: readonly Touched[]
  readonly debts: readonly Omit<Debt, 'leased_by' | 'abort_requested'>[]
  readonly closings: readonly Omit<Closing, 'turn'>[]
  readonly aborts: readonly string[]
  /** Effects written earlier whose work is not wanted any more; timers are not among them. */
  readonly revoked: readonly string[]
  /** Instances whose state decided that an optional send was let pass: it must not have been an old one (D8). */
  readonly relied_on: readonly string[]
  readonly remembered: Omit<Remembered, 'turn'> | null
  readonly emitted: readonly { readonly instance_id: string; readonly event: Event }[]
  readonly halt: { readonly halted: boolean; readonly reason: string | null } | null
  readonly orchestrator: boolean
}

export type Computed =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'needs'; readonly instance_ids: readonly string[] }
  /** The cause has no one to reach any more; nothing is to be written. */
  | { readonly kind: 'gone' }

export interface TurnWorld {
  readonly catalogue: Catalogue
  readonly handlers: Handlers
  /** The resident, null when the store has none, undefined when it must be loaded first. */
  readonly resident: (instance_id: string) => Resident | null | undefined
}

/** Throws a Refusal when the event cannot be taken. Whatever a chart throws becomes the Refusal STEP_FAILED. */
export function computeTurn(world: TurnWorld, request: TurnRequest): Computed {
  return new Computation(world, request).run()
}

type Postponed = Omit<Delivery, 'from'>

/** What rests in an effect of kind `timer`: what the chart set, or a delivery its turn had no room for. */
export type TimerPayload =
  | { readonly to: Target; readonly event: Event; readonly optional: boolean }
  | { readonly delivery: Postponed }

interface Delivery {
  readonly to: string
  readonly event: Event
  /** `optional`: may not be taken. `outcome`: only while `child_id` of the target is still `child_ref`. */
  readonly mode: 'required' | 'optional' | 'outcome' | 'timer' | 'stop'
  readonly child_id?: string
  readonly child_ref?: string
  readonly from?: Working
}

interface Working {
  before: Resident | undefined
  now: Resident
  drafts: Draft[]
  snapshot: string
}

class NeedsLoading extends Error {
  readonly instance_id: string
  constructor(instance_id: string) {
    super(instance_id)
    this.instance_id = instance_id
  }
}

class Computation {
  readonly #world: TurnWorld
  readonly #request: TurnRequest
  readonly #working = new Map<string, Working>()
  readonly #queue: Delivery[] = []
  readonly #debts: Omit<Debt, 'leased_by' | 'abort_requested'>[] = []
  readonly #closings: Omit<Closing, 'turn'>[] = []
  readonly #aborts: string[] = []
  readonly #revoked: string[] = []
  readonly #relied_on: string[] = []
  readonly #emitted: { instance_id: string; event: Event }[] = []
  #steps = 0

  constructor(world: TurnWorld, request: TurnRequest) {
    this.#world = world
    this.#request = request
  }

  run(): Computed {
    try {
      if (!this.#begin()) return { kind: 'gone' }
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        if (this.#steps < MAX_STEPS) this.#deliver(next)
        else this.#postpone(next)
      }
      const turn = this.#turn()
      return turn.touched.length > 0 ? { kind: 'turn', turn } : { kind: 'gone' }
    } catch (cause) {
      if (cause instanceof NeedsLoading) return { kind: 'needs', instance_ids: [cause.instance_id] }
      // Nothing here touches the outside: whatever else is thrown, a chart, its rules or its data threw it.
      throw cause instanceof Refusal
        ? cause
        : stepFailed(this.#request.cause.instance_id, causeName(this.#request.cause), cause)
    }
  }

  #begin(): boolean {
    const { cause } = this.#request
    switch (cause.kind) {
      case 'start':
        this.#born(cause.instance_id, this.#world.catalogue.newest(cause.machine), cause.input, null)
        return true
      case 'event':
        return this.#fromOutside(cause)
      case 'outcome':
        return this.#fromEffect(cause)
      case 'timer':
        return this.#fromTimer(cause)
      case 'sent':
        this.#closings.push(closing(cause, 'done', null))
        this.#queue.push(cause.delivery)
        return true
      case 'fault':
        this.#queue.push({
          to: cause.instance_id,
          event: { type: FAULT, error: plainError(cause.error) },
          mode: 'stop',
        })
        return true
    }
  }

  #fromOutside({ instance_id, event, expected_revision }: Extract<Cause, { kind: 'event' }>): boolean {
    const target = this.#found(instance_id)
    if (target === null || target.now.tenant !== this.#request.tenant) {
      throw new Refusal('INSTANCE_NOT_FOUND', `There is no instance "${instance_id}"`, { instance_id })
    }
    const { now } = target
    if (expected_revision !== undefined && expected_revision !== now.revision) {
      throw new Refusal(
        'CONCURRENT_MODIFICATION',
        `Instance "${instance_id}" is at revision ${now.revision}, the request was made for ${expected_revision}`,
        { instance_id, expected_revision, revision: now.revision },
      )
    }
    if (now.status !== 'active') {
      throw (
        this.#reason(now, event) ??
        new Refusal('INSTANCE_FINISHED', `Instance "${instance_id}" is ${now.status} and takes no more events`, {
          instance_id,
          instance_status: now.status,
        })
      )
    }
    this.#queue.push({ to: instance_id, event, mode: 'required' })
    return true
  }

  #fromEffect(cause: Extract<Cause, { kind: 'outcome' }>): boolean {
    const target = this.#found(cause.instance_id)
    if (target?.now.core.children[cause.child_id]?.id !== cause.effect_id) return false
    const outcome = checked(
      target.now.definition.machine,
      target.now.core.children[cause.child_id]?.source ?? '',
      cause.outcome,
    )
    const error = 'error' in outcome ? canonical(outcome.error) : null
    this.#closings.push(closing(cause, error === null ? 'done' : 'error', error))
    this.#queue.push(outcomeDelivery(cause.instance_id, cause.child_id, cause.effect_id, outcome))
    return true
  }

  #fromTimer(cause: Extract<Cause, { kind: 'timer' }>): boolean {
    const target = this.#found(cause.instance_id)
    if (target?.now.core.timers[cause.timer_id] !== cause.effect_id) return false
    this.#closings.push(closing(cause, 'done', null))
    const to = this.#addressee(target, cause.to)
    if (to === undefined) return false
    const sent = cause.optional ? 'optional' : 'required'
    this.#queue.push({ to, event: cause.event, mode: to === cause.instance_id ? 'timer' : sent, from: target })
    return true
  }

  #deliver(delivery: Delivery): void {
    const target = this.#found(delivery.to)
    // Another tenant's instance is not there to be told anything.
    if (target === null || target.now.tenant !== this.#request.tenant) {
      if (delivery.mode === 'stop' || delivery.mode === 'outcome') return
      throw new Refusal(
        'INSTANCE_NOT_FOUND',
        `There is no instance "${delivery.to}" to take "${delivery.event.type}"`,
        { instance_id: delivery.to },
      )
    }
    const { now } = target
    if (now.status !== 'active') {
      this.#drop(delivery)
      return
    }
    if (delivery.mode === 'outcome' && now.core.children[delivery.child_id as string]?.id !== delivery.child_ref) return
    const asked = delivery.mode === 'required' || delivery.mode === 'optional'
    const reason = asked ? this.#reason(now, delivery.event) : undefined
    if (reason) throw reason
    const event = delivery.from ? saidTo(now, delivery.event) : delivery.event
    const moment = this.#moment(event.type)
    const stepped = this.#stepped(target, event, moment)
    const taken = stepped.fired.length > 0 || stepped.core.snapshot.status !== 'active'
    if (!taken && delivery.mode === 'required') throw notAccepted(now, delivery.event)
    if (!taken && delivery.mode === 'optional') {
      this.#relied_on.push(delivery.to)
      return
    }
    // Outcomes and timers are recorded even when the chart lets them pass: their effect ends with this turn.
    this.#record(target, event, moment, stepped)
  }

  #stepped(target: Working, event: Event, moment: Moment): Step {
    const { now } = target
    try {
      return step(
        now.definition.machine,
        { instance_id: now.instance_id, parent_id: now.parent_id },
        now.core,
        event,
        moment,
      )
    } catch (cause) {
      throw stepFailed(now.instance_id, event.type, cause)
    }
  }

  #born(
    instance_id: string,
    definition: Registered,
    input: unknown,
    parent: { instance_id: string; child_id: string } | null,
  ): void {
    if (this.#steps >= MOST_STEPS) throw new TypeError(`One event begins more than ${MOST_STEPS} instances`)
    const event: Event = { type: 'xstate.init', input, ...(parent ? { parent } : {}) }
    const moment = this.#moment(event.type)
    let stepped: Step
    try {
      stepped = firstStep(definition.machine, { instance_id, parent_id: parent?.instance_id ?? null }, input, moment)
    } catch (cause) {
      throw stepFailed(instance_id, event.type, cause)
    }
    const now: Resident = {
      instance_id,
      tenant: this.#request.tenant,
      definition,
      input,
      core: stepped.core,
      revision: 0,
      last_hash: null,
      status: 'active',
      state: '',
      parent_id: parent?.instance_id ?? null,
      parent_child_id: parent?.child_id ?? null,
      entered_state_at: moment.at,
      created_at: moment.at,
      updated_at: moment.at,
      title: '',
      attributes: {},
    }
    const working: Working = { before: undefined, now, drafts: [], snapshot: '' }
    this.#working.set(instance_id, working)
    this.#record(working, event, moment, stepped)
  }

  // One step becomes one draft of the journal, and its commands are seen to in order.
  #record(target: Working, event: Event, moment: Moment, { core, commands, fired }: Step): void {
    this.#steps += 1
    const { now } = target
    const { snapshot } = core
    const text = toText(core)
    const state = statePaths(snapshot)
    const salt = newSalt()
    const eventText = canonical(event)
    target.drafts.push({
      instance_id: now.instance_id,
      tenant: now.tenant,
      machine: now.definition.name,
      version: now.definition.version,
      revision: now.revision + 1,
      event_id: moment.id,
      event: eventText,
      by: moment.by,
      at: moment.at,
      state_before: now.state,
      state_after: state,
      fired: fired.map(firedText),
      dropped: [],
      correlation_id: this.#request.correlation_id,
      salt,
      event_hash: saltedHash(salt, eventText),
      snapshot_hash: saltedHash(salt, text),
    })
    target.snapshot = text
    target.now = {
      ...now,
      core,
      state,
      status: snapshot.status,
      revision: now.revision + 1,
      updated_at: moment.at,
      entered_state_at: state === now.state ? now.entered_state_at : moment.at,
      ...now.definition.describe(snapshot.context),
    }
    for (const command of commands) this.#obey(target, command)
    if (snapshot.status !== 'active') this.#tellParent(target)
  }

  #obey(from: Working, command: Command): void {
    const { now } = from
    switch (command.kind) {
      case 'effect':
        this.#owe(now, command)
        return
      case 'child': {
        const definition = this.#world.catalogue.newest(command.machine.id)
        const parent = { instance_id: now.instance_id, child_id: command.child_id }
        this.#born(command.instance_id, definition, fitInput(definition, command.input), parent)
        return
      }
      case 'timer': {
        const { effect_id, timer_id, due_at, event, to, optional } = command
        this.#debts.push(
          this.#debt(now, {
            effect_id,
            child_id: timer_id,
            kind: 'timer',
            source: event.type,
            payload: { to, event, optional } satisfies TimerPayload,
            due_at,
          }),
        )
        return
      }
      case 'cancel':
        this.#cancel(command)
        return
      case 'stop':
        this.#queue.push({ to: command.instance_id, event: { type: 'xstate.stop' }, mode: 'stop' })
        return
      case 'send':
        this.#send(from, command)
        return
      case 'emit':
        this.#emitted.push({ instance_id: now.instance_id, event: command.event })
    }
  }

  #owe(now: Resident, { effect_id, child_id, source, input }: Extract<Command, { kind: 'effect' }>): void {
    const handler = this.#world.handlers[source]
    if (handler?.kind !== 'inline') {
      this.#debts.push(
        this.#debt(now, {
          effect_id,
          child_id,
          kind: 'invoke',
          source,
          payload: input ?? null,
          due_at: now.updated_at,
        }),
      )
      return
    }
    const outcome = outcomeOf(() => handler.run(input as never))
    this.#queue.push(
      outcomeDelivery(now.instance_id, child_id, effect_id, checked(now.definition.machine, source, outcome)),
    )
  }

  #send(from: Working, { to, event, optional }: Extract<Command, { kind: 'send' }>): void {
    if (to.kind === 'effect') {
      this.#aborts.push(to.effect_id)
      return
    }
    const address = this.#addressee(from, to)
    if (address === undefined)
      throw new TypeError(`Instance "${from.now.instance_id}" has no parent to send "${event.type}" to`)
    this.#queue.push({ to: address, event: { ...event }, mode: optional ? 'optional' : 'required', from })
  }

  #addressee({ now }: Working, to: Target): string | undefined {
    switch (to.kind) {
      case 'self':
        return now.instance_id
      case 'parent':
        return now.parent_id ?? undefined
      case 'instance':
        return to.instance_id
      case 'effect':
        return undefined
    }
  }

  #tellParent({ now }: Working): void {
    if (now.parent_id === null || now.status === 'stopped') return
    const { snapshot } = now.core
    const outcome: Outcome =
      now.status === 'done' ? { done: plain(snapshot.output) } : { error: plainError(snapshot.error) }
    this.#queue.push(outcomeDelivery(now.parent_id, now.parent_child_id as string, now.instance_id, outcome))
  }

  // An effect begun in this same turn was never written: it is taken back instead. Inline work never is.
  #cancel({ effect_id, source }: Extract<Command, { kind: 'cancel' }>): void {
    if (source !== null && this.#world.handlers[source]?.kind === 'inline') return
    const begun = this.#debts.findIndex((debt) => debt.effect_id === effect_id)
    if (begun !== -1) this.#debts.splice(begun, 1)
    else if (!this.#closings.some((one) => one.effect_id === effect_id)) {
      this.#closings.push({ effect_id, attempt: null, outcome: 'cancelled', error: null })
      if (source !== null) this.#revoked.push(effect_id)
    }
  }

  // Finished instances take nothing more; what was sent to them stands in the sender's entry (D21).
  #drop({ from, to, event, mode }: Delivery): void {
    const last = from?.drafts.at(-1)
    if (last === undefined || mode === 'outcome' || mode === 'stop') return
    from?.drafts.splice(-1, 1, { ...last, dropped: [...last.dropped, `${event.type} -> ${to}`] })
  }

  #postpone({ to, event, mode, child_id, child_ref }: Delivery): void {
    const target = this.#found(to)
    if (target === null) return
    const payload: TimerPayload = {
      delivery: { to, event, mode, ...(child_id && child_ref ? { child_id, child_ref } : {}) },
    }
    const effect_id = derivedId(this.#request.event_id, `send/${to}`, this.#debts.length)
    this.#debts.push(
      this.#debt(target.now, {
        effect_id,
        child_id: '',
        kind: 'timer',
        source: event.type,
        payload,
        due_at: this.#request.at,
      }),
    )
  }

  #debt(
    now: Resident,
    debt: Pick<Debt, 'effect_id' | 'child_id' | 'kind' | 'source' | 'due_at'> & { payload: unknown },
  ): Omit<Debt, 'leased_by' | 'abort_requested'> {
    return {
      ...debt,
      payload: canonical(debt.payload),
      instance_id: now.instance_id,
      tenant: now.tenant,
      created_at: this.#request.at,
    }
  }

  // The first step carries the event's own id, the ones it causes get ids that follow from it.
  #moment(name: string): Moment {
    const { at, by, event_id } = this.#request
    return { at, by, id: this.#steps === 0 ? event_id : derivedId(event_id, `step/${name}`, this.#steps) }
  }

  #reason(now: Resident, event: Event): Refusal | undefined {
    const { snapshot } = now.core
    const context = { ...snapshot.context, moment: this.#moment(event.type) }
    const reason = now.definition.refuse?.({ value: snapshot.value, context, event })
    return reason && new Refusal(reason.code, reason.message, { instance_id: now.instance_id, ...reason.fields })
  }

  #found(instance_id: string): Working | null {
    const known = this.#working.get(instance_id)
    if (known) return known
    const resident = this.#world.resident(instance_id)
    if (resident === undefined) throw new NeedsLoading(instance_id)
    if (resident === null) return null
    const working: Working = { before: resident, now: resident, drafts: [], snapshot: '' }
    this.#working.set(instance_id, working)
    return working
  }

  #turn(): Turn {
    const touched = [...this.#working.values()]
      .filter(({ drafts }) => drafts.length > 0)
      .map(({ before, now, drafts, snapshot }) => ({ before, after: now, drafts, snapshot }))
    const { cause, request, tenant, by } = this.#request
    const subject = touched.find(({ after }) => after.instance_id === cause.instance_id)
    const orchestrator = touched.find(({ after }) => after.definition.name === 'orchestrator')
    return {
      touched,
      debts: this.#debts,
      closings: this.#closings,
      aborts: this.#aborts,
      revoked: this.#revoked,
      relied_on: this.#relied_on,
      remembered:
        request && subject
          ? {
              ...request,
              tenant,
              principal_id: by.id,
              instance_id: cause.instance_id,
              revision: subject.after.revision,
            }
          : null,
      emitted: this.#emitted,
      orchestrator: orchestrator !== undefined,
      halt: orchestrator ? haltOf(orchestrator.after) : null,
    }
  }
}

// The orchestrator's state is the halt flag of the whole system (D3): one commit moves both.
function haltOf({ state, core }: Resident): NonNullable<Turn['halt']> {
  const { halt_reason } = core.snapshot.context as { halt_reason: string | null }
  return { halted: state === 'halted', reason: halt_reason }
}

function outcomeDelivery(to: string, child_id: string, child_ref: string, outcome: Outcome): Delivery {
  const event: Event =
    'error' in outcome
      ? { type: `xstate.error.actor.${child_id}`, error: plainError(outcome.error), actorId: child_id }
      : { type: `xstate.done.actor.${child_id}`, output: outcome.done, actorId: child_id }
  return { to, event, mode: 'outcome', child_id, child_ref }
}

function closing(
  { effect_id, attempt }: { effect_id: string; attempt: number },
  outcome: Closing['outcome'],
  error: string | null,
): Omit<Closing, 'turn'> {
  return { effect_id, attempt, outcome, error }
}

function notAccepted(now: Resident, event: Event): Refusal {
  const accepts = acceptedTypes(now)
  return new Refusal(
    'EVENT_NOT_ACCEPTED',
    `Instance "${now.instance_id}" is in ${now.state} and does not take "${event.type}"; it takes ${accepts.length > 0 ? accepts.join(', ') : 'no events'}`,
    { instance_id: now.instance_id, state: now.core.snapshot.value, event_type: event.type, accepts },
  )
}

/** Declared event types some transition of the present state is for, whatever its guards would say. */
export function acceptedTypes({ core, definition }: Pick<Resident, 'core' | 'definition'>): string[] {
  const nodes = (core.snapshot as unknown as { _nodes: readonly { ownEvents: readonly string[] }[] })._nodes
  const open = new Set(nodes.flatMap(({ ownEvents }) => ownEvents))
  return core.snapshot.status === 'active' ? Object.keys(definition.events).filter((type) => open.has(type)) : []
}

function stepFailed(instance_id: string, event_type: string, cause: unknown): Refusal {
  const message = cause instanceof Error ? cause.message : String(cause)
  const refusal = new Refusal('STEP_FAILED', `Instance "${instance_id}" could not take "${event_type}": ${message}`, {
    instance_id,
    event_type,
  })
  refusal.cause = cause
  return refusal
}

function causeName(cause: Cause): string {
  return 'event' in cause ? cause.event.type : cause.kind
}

// What one machine says to another is held to the same schemas as what a caller says.
function saidTo({ definition }: Resident, event: Event): Event {
  const schema = definition.events[event.type]
  return plain(schema === undefined ? event : schema.parse(event)) as Event
}

function fitInput({ input: schema }: Registered, input: unknown): unknown {
  return plain(schema.parse(plain(input)))
}

interface Fired {
  readonly source: { readonly path: readonly string[]; readonly machine: { readonly id: string } }
  readonly target?: readonly { readonly path: readonly string[] }[] | undefined
  readonly eventType: string
}

/** `source --event--> targets`, as the journal shows it. */
function firedText({ source, target, eventType }: Fired): string {
  const from = source.path.join('.') || source.machine.id
  const to = target?.map(({ path }) => path.join('.')).join(',') || from
  return `${from} --${eventType || 'always'}--> ${to}`
}

function outcomeOf(work: () => unknown): Outcome {
  try {
    return { done: work() }
  } catch (error) {
    return { error }
  }
}

// What comes from outside the chart must fit the schema the chart declared; if it does not, that is the outcome.
function checked(machine: AnyStateMachine, source: string, outcome: Outcome): Outcome {
  if ('error' in outcome) return { error: plainError(outcome.error) }
  const work = workOf(machine.implementations.actors[source.slice(machine.id.length + 1)])
  try {
    const value = plain(outcome.done)
    return { done: work?.kind === 'effect' ? plain(work.output.parse(value)) : value }
  } catch (cause) {
    const { message } = cause as Error
    return {
      error: {
        name: 'InvalidOutcome',
        message: `"${source}" answered with something else than it declares: ${message}`,
      },
    }
  }
}

// Charts are given plain JSON only, as if the value had already been stored. Text no database would take (NUL, half
// a surrogate pair) is made visible instead (D5).
function plain(value: unknown): unknown {
  if (value === undefined) return null
  return JSON.parse(canonical(value), (_, part) =>
    typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '\\u0000') : part,
  )
}
