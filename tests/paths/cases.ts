/**
 * What a machine may be told while its paths are explored, one file per machine in `cases/`. Events that need no
 * payload need no case; work that fails fails in one way unless a case says otherwise.
 */
import type { MachineDefinition, Principal } from '../../machines/definition.ts'
import type { Event } from '../../src/engine/step.ts'
import type { Projection } from './projection.ts'

export interface Cases {
  /** Where paths begin, by a name of the circumstances. */
  readonly starts: Readonly<Record<string, Start>>
  /**
   * By event type. Of a declared event its payload; of `xstate.done.actor.<id>` what the work answers, or how it
   * answers to what it was asked; of `xstate.error.actor.<id>` the error.
   */
  readonly says?: Readonly<Record<string, readonly unknown[]>>
  /** The subject lives as a child: what its parent takes from it, and what it hands on to it. */
  readonly below?: { readonly takes: readonly string[]; readonly handsOn?: readonly string[] }
  /** Instead of the one for any machine. */
  readonly projection?: Projection
  /** How many steps to try before giving up. */
  readonly limit?: number
}

interface Start {
  /** Of the subject; it may name the instances that stand beside it. */
  readonly input: unknown | ((ids: Readonly<Record<string, string>>) => unknown)
  /** Who starts it, and says what no case lets somebody else say. */
  readonly by?: Principal
  /** Instances begun before it, and all they are ever told. */
  readonly beside?: Readonly<Record<string, Companion>>
  /** The subject is there before anybody starts it, under this id. */
  readonly standing?: string
}

interface Companion {
  readonly definition: MachineDefinition
  readonly input: unknown
  readonly told?: readonly Event[]
}

/** How a piece of work answers, when that depends on what it was asked. */
export type Answer = (input: never) => unknown

/** A payload that comes from somebody else than who began. */
export interface Said {
  readonly by: Principal
  readonly payload: object
}

const said = new WeakSet<object>()

export function saidBy(by: Principal, payload: object = {}): Said {
  const one = { by, payload }
  said.add(one)
  return one
}

export function isSaid(one: unknown): one is Said {
  return typeof one === 'object' && one !== null && said.has(one)
}
