/**
 * The resting form of an instance between steps: canonical JSON, without `context.input`, which is stored once
 * beside it. Restoring gives back what the chart needs to be stepped again, history included.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate'
import { canonical } from '../ledger/canonical.ts'
import { stubRef } from './scope.ts'
import type { Core } from './step.ts'
import type { ChildView } from './types.ts'

export interface Resting {
  readonly status: string
  readonly value: unknown
  readonly history_value: Record<string, { id: string }[]>
  readonly context: Record<string, unknown>
  readonly children: Record<string, ChildView>
  readonly timers: Record<string, string>
  readonly output?: unknown
  readonly error?: unknown
}

export function toText({ snapshot, children, timers }: Core): string {
  const { input: _, ...context } = snapshot.context
  return canonical({
    children,
    context,
    error: snapshot.error === undefined ? undefined : plainError(snapshot.error),
    history_value: historyOf(snapshot),
    output: snapshot.output,
    status: snapshot.status,
    timers,
    value: snapshot.value,
  } satisfies Resting)
}

export function fromResting(machine: AnyStateMachine, resting: Resting, input: unknown): Core {
  const { history_value, context, children, timers, ...rest } = resting
  const restored = machine.restoreSnapshot(
    { ...rest, historyValue: history_value, context: { ...context, input }, children: {} } as never,
    {} as never,
  ) as AnyMachineSnapshot
  const stubs = Object.fromEntries(Object.keys(children).map((id) => [id, stubRef(id)]))
  return { snapshot: { ...restored, children: stubs } as AnyMachineSnapshot, children, timers }
}

/** Dotted paths of the innermost active states, in document order, separated by spaces (D27). */
export function statePaths(snapshot: AnyMachineSnapshot): string {
  const nodes = [...(snapshot as unknown as { _nodes: AnyStateNode[] })._nodes]
  const leaves = nodes.filter((node) => node.type === 'atomic' || node.type === 'final')
  return leaves
    .sort((a, b) => a.order - b.order)
    .map((node) => node.path.join('.'))
    .join(' ')
}

export function tagsOf(snapshot: AnyMachineSnapshot): string[] {
  return [...(snapshot.tags as Set<string>)].sort()
}

/** Errors have no JSON form of their own: what can be told of one is its name, message and code. */
export function plainError(error: unknown): unknown {
  if (error === undefined) return null
  try {
    if (!(error instanceof Error)) return JSON.parse(canonical(error))
    const { name, message, code } = error as Error & { code?: unknown }
    return { name: String(name), message: String(message), ...(typeof code === 'string' ? { code } : {}) }
  } catch {
    return { name: 'Error', message: 'something was thrown that cannot be put into words' }
  }
}

function historyOf(snapshot: AnyMachineSnapshot): Resting['history_value'] {
  const history = snapshot.historyValue as Record<string, readonly AnyStateNode[]>
  return Object.fromEntries(Object.entries(history).map(([key, nodes]) => [key, nodes.map(({ id }) => ({ id }))]))
}
