/**
 * Walks a machine without a host: each `when` is one step, and what the chart asks for is there to be looked at.
 *
 *   given(machine, input).done('loadPolicy', policy).when({ type: 'run.cancelled' }).state
 */
import { type AnyActorScope, type AnyMachineSnapshot, type AnyStateMachine, createActor, createMachine } from 'xstate'
import type { Moment, Principal } from '../../../machines/definition.ts'

export const ada: Principal = { id: 'ada', kind: 'person', tenant: 'default', roles: ['USER'] }
export const grace: Principal = { id: 'grace', kind: 'person', tenant: 'default', roles: ['ADMIN'] }
export const clockwork: Principal = { id: 'system', kind: 'system', tenant: 'default', roles: [] }

export const INSTANCE_ID = '01990000-0000-7000-8000-000000000001'

interface Sent {
  readonly to: string
  readonly event: { readonly type: string }
}

interface Timer {
  readonly event: { readonly type: string }
  readonly delay_ms: number
}

interface Done {
  readonly work: Readonly<Record<string, unknown>>
  readonly sent: readonly Sent[]
  readonly timers: readonly Timer[]
}

export interface Walk<Context> extends Done {
  /** Dotted: `awaiting_approval.gate`. */
  readonly state: string
  readonly snapshot: AnyMachineSnapshot
  readonly tags: readonly string[]
  readonly context: Context
  readonly when: (event: { type: string; [more: string]: unknown }, by?: Principal) => Walk<Context>
  readonly done: (work_id: string, output: unknown) => Walk<Context>
  readonly fails: (work_id: string, error: unknown) => Walk<Context>
}

export function given<Context>(machine: AnyStateMachine, input: unknown, by: Principal = ada): Walk<Context> {
  const actions: Action[] = []
  const scope = scopeOf(machine, { input, moment: momentOf(0, by) }, actions)
  const snapshot = machine.getInitialSnapshot(scope, { input, moment: momentOf(0, by) })
  if (snapshot.status === 'error') throw snapshot.error
  return at(snapshot, 0)

  function at(snapshot: AnyMachineSnapshot, steps: number): Walk<Context> {
    const asked = actions.splice(0)
    const walk: Walk<Context> = {
      state: dotted(snapshot.value),
      snapshot,
      tags: [...snapshot.tags],
      context: snapshot.context as Context,
      work: Object.fromEntries(asked.filter(named('xstate.spawnChild')).map(({ params }) => [params.id, params.input])),
      sent: asked.filter(named('xstate.sendTo')).map(({ params }) => ({ to: params.to.id, event: params.event })),
      timers: asked
        .filter((action) => action.type === 'xstate.raise' && action.params.delay !== undefined)
        .map(({ params }) => ({ event: params.event, delay_ms: params.delay })),
      when: (event, who = ada) => {
        const before = { ...snapshot, context: { ...snapshot.context, moment: momentOf(steps + 1, who) } }
        return at(machine.transition(before as AnyMachineSnapshot, event, scope), steps + 1)
      },
      done: (id, output) => walk.when({ type: `xstate.done.actor.${id}`, output, actorId: id }, clockwork),
      fails: (id, error) => walk.when({ type: `xstate.error.actor.${id}`, error, actorId: id }, clockwork),
    }
    return walk
  }
}

/** Each step happens a second after the one before. */
export function momentOf(step: number, by: Principal): Moment {
  const seconds = String(step).padStart(2, '0')
  return { at: `2026-01-01T00:00:${seconds}.000Z`, by, id: `01990000-0000-7000-9000-0000000000${seconds}` }
}

interface Action {
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: XState's own parameters, different for each type
  readonly params: any
}

const named = (type: string) => (action: Action) => action.type === type

/** What XState's own inert scope is, with an id and a parent to send to. */
function scopeOf(machine: AnyStateMachine, input: unknown, actions: Action[]): AnyActorScope {
  const parent = createActor(createMachine({}), { id: 'parent' })
  const self = createActor(machine, { id: INSTANCE_ID, parent, input })
  const idle = () => {}
  const actionExecutor = (action: Action) => void actions.push(action)
  const does = { logger: idle, defer: idle, stopChild: idle, emit: idle, actionExecutor }
  return { self, id: INSTANCE_ID, sessionId: INSTANCE_ID, system: self.system, ...does } as unknown as AnyActorScope
}

function dotted(value: unknown): string {
  if (typeof value === 'string') return value
  return Object.entries(value as object)
    .map(([state, inner]) => `${state}.${dotted(inner)}`)
    .join(' ')
}
