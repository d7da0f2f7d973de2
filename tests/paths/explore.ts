/**
 * All ways through the worlds of a machine, as far as they differ in what matters: the shortest to every step from
 * one kind of world to another. Each way is walked again afterwards, because two worlds of a kind need not be equal.
 */
import { getShortestPaths } from '@xstate/graph'
import type { AnyActorLogic } from 'xstate'
import type { Happening } from './happening.ts'
import { kindOf } from './kind.ts'
import { possible } from './possible.ts'
import type { Stage } from './stage.ts'
import { nobody, type World } from './world.ts'

/** What happened, and the world after each. */
export interface Way {
  readonly happenings: readonly Happening[]
  readonly worlds: readonly World[]
}

const LIMIT = 20_000

export function waysThrough(stage: Stage): readonly Way[] {
  const walked = new Map<string, Way>()
  return shortest(stage).map((happenings) => {
    const before = walked.get(textOf(happenings.slice(0, -1))) ?? walk(stage, happenings.slice(0, -1))
    const way = happenings.slice(-1).reduce((so_far, last) => further(stage, so_far, last), before)
    walked.set(textOf(happenings), way)
    return way
  })
}

/** A way from its beginning. */
function walk(stage: Stage, happenings: readonly Happening[]): Way {
  return happenings.reduce<Way>((way, happening) => further(stage, way, happening), { happenings: [], worlds: [] })
}

interface Step {
  readonly type: string
  readonly happening: Happening
}

// Worlds are told apart by the step that led to them, or a step between two known worlds would not be tried.
function shortest(stage: Stage): (readonly Happening[])[] {
  const kind = kindOf(stage)
  const logic = {
    getInitialSnapshot: () => nobody,
    transition: (world: World, { happening }: Step) => stage.after(world, happening),
  } as unknown as AnyActorLogic
  const limit = stage.cases.limit ?? LIMIT
  try {
    const paths = getShortestPaths(logic, {
      events: (world: World) => possible(stage, world).map((happening): Step => ({ type: happening.label, happening })),
      serializeEvent: ({ type }: Step) => type,
      serializeState: (world: World, step?: Step, before?: World) =>
        before ? `${kind(before)} ${step?.type} ${kind(world)}` : kind(world),
      limit,
    } as never)
    return paths.map(({ steps }) => steps.slice(1).map(({ event }) => (event as unknown as Step).happening))
  } catch (cause) {
    if (!(cause instanceof Error && cause.message === 'Traversal limit exceeded')) throw cause
    const file = `tests/paths/cases/${stage.subject.machine.id}.ts`
    throw new Error(
      `More than ${limit} steps lead through "${stage.subject.machine.id}": give ${file} a projection that keeps ` +
        'only what its guards read, fewer cases, or a higher limit',
      { cause },
    )
  }
}

function further(stage: Stage, { happenings, worlds }: Way, happening: Happening): Way {
  const world = stage.after(worlds.at(-1) ?? nobody, happening)
  return { happenings: [...happenings, happening], worlds: [...worlds, world] }
}

function textOf(happenings: readonly Happening[]): string {
  return happenings.map(({ label }) => label).join(' / ')
}
