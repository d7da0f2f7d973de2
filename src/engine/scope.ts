/**
 * The actor scope a chart is stepped in. XState asks it for identity, addresses and a system; ours has no clock, no
 * scheduler and no registry, so that a step can do nothing but answer. What the chart wants done arrives at
 * `actions`, in order; which transitions fired arrives at `fired`. Facts about XState 5.33 this relies on are held
 * by the contract test against `transition()`.
 */
import type { AnyActorRef, AnyActorScope, AnyTransitionDefinition } from 'xstate'

export interface ScopedAction {
  readonly type: string
  readonly params: unknown
}

export interface StepScope {
  readonly scope: AnyActorScope
  readonly actions: readonly ScopedAction[]
  readonly fired: readonly AnyTransitionDefinition[]
}

export function stepScope(instance_id: string, parent: AnyActorRef | undefined): StepScope {
  const actions: ScopedAction[] = []
  const fired: AnyTransitionDefinition[] = []
  const system = {
    _bookId: () => instance_id,
    _register: () => instance_id,
    _unregister: noop,
    _set: noop,
    get: (): never => {
      throw new Error('system.get() is not durable: address an instance by its id with addressed()')
    },
    getAll: () => ({}),
    inspect: noop,
    _relay: noop,
    _logger: noop,
    scheduler: { schedule: noop, cancel: noop, cancelAll: noop },
    _clock: { setTimeout: noop, clearTimeout: noop },
    _sendInspectionEvent: (event: { type: string; _transitions?: AnyTransitionDefinition[] }) => {
      if (event.type === '@xstate.microstep' && event._transitions) fired.push(...event._transitions)
    },
    getSnapshot: () => ({ _scheduledEvents: {} }),
    _snapshot: { _scheduledEvents: {} },
    start: noop,
  }
  const self = stubRef(instance_id, { system, parent })
  const scope = {
    self,
    id: instance_id,
    sessionId: instance_id,
    system,
    logger: noop,
    defer: noop,
    stopChild: noop,
    emit: noop,
    actionExecutor: ({ type, params }: ScopedAction) => {
      actions.push({ type, params })
    },
  }
  return { scope: scope as unknown as AnyActorScope, actions, fired }
}

/** Stands for an actor that lives elsewhere: it has an address and nothing else. */
export function stubRef(id: string, more: { system?: unknown; parent?: AnyActorRef | undefined } = {}): AnyActorRef {
  return {
    id,
    sessionId: id,
    src: id,
    ref: undefined,
    system: more.system,
    _parent: more.parent,
    send: noop,
    start: noop,
    getSnapshot: () => undefined,
    getPersistedSnapshot: () => undefined,
  } as unknown as AnyActorRef
}

function noop(): void {}
