/** What can happen to a world: one step of a path, the same for the pure step and for the engine. */
import type { Principal } from '../../machines/definition.ts'
import type { Event } from '../../src/engine/step.ts'
import type { Outcome } from '../../src/engine/turn.ts'

export type Happening =
  | { readonly kind: 'start'; readonly label: string; readonly by: Principal; readonly births: readonly Birth[] }
  | {
      readonly kind: 'told'
      readonly label: string
      readonly to: string
      readonly event: Event
      readonly by: Principal
    }
  | {
      readonly kind: 'outcome'
      readonly label: string
      readonly of: string
      readonly work_id: string
      readonly outcome: Outcome
    }
  /** Time passes until the next timer is due. */
  | { readonly kind: 'time'; readonly label: string }
  /** The chart of a child fails, and its parent is told. */
  | { readonly kind: 'broken'; readonly label: string; readonly of: string }

/** An instance that is started. */
export interface Birth {
  readonly name: string
  readonly machine: string
  readonly input: unknown | ((ids: Ids) => unknown)
  /** It is there already, under this id. */
  readonly standing?: string | undefined
  /** All it is ever told. */
  readonly told?: readonly Event[] | undefined
}

/** Instance ids by the names of their instances. */
export type Ids = Readonly<Record<string, string>>

/** The input, once the ids of those begun before are known. */
export function inputOf({ input }: Birth, ids: Ids): unknown {
  return typeof input === 'function' ? input(ids) : input
}
