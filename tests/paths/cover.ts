/** A few named paths that cover every goal of a machine, chosen from all ways through it, and what no way reaches. */
import { type Way, waysThrough } from './explore.ts'
import { type Goal, goalsOf, reached, transitionName } from './goals.ts'
import type { Happening } from './happening.ts'
import type { Stage } from './stage.ts'
import type { World } from './world.ts'

export interface Path {
  /** After the goals only this path covers, of those before it. */
  readonly name: string
  readonly steps: readonly PathStep[]
  readonly covers: readonly Goal[]
}

export interface PathStep {
  readonly happening: Happening
  readonly after: World
  /** Transitions in the order they fired; those of other instances after their names. */
  readonly fired: readonly string[]
}

export interface Coverage {
  readonly stage: Stage
  readonly goals: readonly Goal[]
  readonly paths: readonly Path[]
  readonly uncovered: readonly Goal[]
}

export function coverageOf(stage: Stage): Coverage {
  const goals = goalsOf(stage.subject.machine)
  let left: readonly Candidate[] = waysThrough(stage).map((way) => ({ way, reaches: reachedBy(goals, way) }))
  const missing = new Set(goals)
  const paths: Path[] = []
  // A machine without transitions still has its beginning.
  for (
    let best = bestOf(left, missing);
    best && (gain(best, missing) > 0 || paths.length === 0);
    best = bestOf(left, missing)
  ) {
    const covers = [...best.reaches].filter((goal) => missing.has(goal))
    for (const goal of covers) missing.delete(goal)
    paths.push(pathOf(stage, goals, best.way, covers))
    left = left.filter(({ reaches }) => [...reaches].some((goal) => missing.has(goal)))
  }
  return { stage, goals, paths, uncovered: [...missing] }
}

interface Candidate {
  readonly way: Way
  /** In the order they were reached. */
  readonly reaches: ReadonlySet<Goal>
}

function reachedBy(goals: readonly Goal[], { worlds }: Way): ReadonlySet<Goal> {
  return new Set(worlds.flatMap(({ log }) => log.flatMap((stepped) => reached(goals, stepped))))
}

// The most that is new; of equals the shortest, and of those the first.
function bestOf(candidates: readonly Candidate[], missing: ReadonlySet<Goal>): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of candidates) {
    if (candidate.way.worlds.length === 0) continue
    const better = best === undefined ? 1 : gain(candidate, missing) - gain(best, missing)
    const shorter = best !== undefined && candidate.way.worlds.length < best.way.worlds.length
    if (better > 0 || (better === 0 && shorter)) best = candidate
  }
  return best
}

function gain({ reaches }: Candidate, missing: ReadonlySet<Goal>): number {
  return [...reaches].filter((goal) => missing.has(goal)).length
}

function pathOf(
  { subject, name: itself }: Stage,
  goals: readonly Goal[],
  { happenings, worlds }: Way,
  covers: readonly Goal[],
): Path {
  const names = covers.map(({ name }) => name)
  const telling = names.at(-1) ?? happenings.at(-1)?.label
  return {
    name: `${subject.machine.id}: ${telling}${names.length > 1 ? ' …' : ''}`,
    covers,
    steps: worlds.map((after, index) => ({
      happening: happenings[index] as Happening,
      after,
      fired: firedIn(after, goals, itself),
    })),
  }
}

export function firedIn({ log }: World, goals: readonly Goal[], itself: string): readonly string[] {
  return log
    .filter(({ recorded }) => recorded)
    .flatMap(({ name, fired }) =>
      fired.map((definition) => {
        const goal = goals.find((one) => one.side === 'taken' && one.definition === definition)
        return name === itself ? (goal?.name ?? transitionName(definition)) : `${name}: ${transitionName(definition)}`
      }),
    )
}
