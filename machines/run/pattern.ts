/**
 * High-risk patterns, searched in linear time (HR-5). JavaScript's own engine backtracks, so a careless pattern could
 * hold a gate for hours. Here a pattern becomes a small automaton that reads each character of a text once:
 *
 *   source ──parse──▶ expression ──assemble──▶ states ──search──▶ found or not
 *
 * Single characters and classes are still judged by JavaScript, case-insensitive and Unicode. What such an automaton
 * cannot do, looking around and referring back, is refused when the policy is loaded.
 */
import { type Expression, FLAGS, parsed } from './pattern-expression.ts'

export interface Pattern {
  /** Is there a match anywhere in the text? */
  readonly test: (text: string) => boolean
}

/** Throws when the source is no regular expression, or one that cannot be searched in linear time (PL-6). */
export function compilePattern(source: string): Pattern {
  new RegExp(source, FLAGS)
  const states = assembled(parsed(source))
  return { test: (text) => search(states, [...text]) }
}

const MOST_STATES = 500

type State =
  | { kind: 'character'; is: (character: string) => boolean; next: number }
  | { kind: 'assertion'; holds: (before: string | undefined, after: string | undefined) => boolean; next: number }
  | { kind: 'fork'; next: number[] }
  | { kind: 'found' }

interface Automaton {
  readonly states: readonly State[]
  readonly start: number
}

/** From the end to the beginning, so that each state knows what follows it. */
function assembled(expression: Expression): Automaton {
  const states: State[] = []
  const start = before(expression, add({ kind: 'found' }))
  return { states, start }

  function add(state: State): number {
    if (states.length === MOST_STATES) throw new RangeError(`it needs more than ${MOST_STATES} states`)
    return states.push(state) - 1
  }

  function before(part: Expression, next: number): number {
    switch (part.kind) {
      case 'character':
      case 'assertion':
        return add({ ...part, next })
      case 'sequence':
        return part.parts.reduceRight((follower, one) => before(one, follower), next)
      case 'choice':
        return add({ kind: 'fork', next: part.options.map((option) => before(option, next)) })
      case 'repeat':
        return required(part, optional(part, next))
    }
  }

  function required({ part, least }: { part: Expression; least: number }, next: number): number {
    let first = next
    for (let times = 0; times < least; times++) {
      const longer = before(part, first)
      if (longer === first) break
      first = longer
    }
    return first
  }

  function optional({ part, least, most }: { part: Expression; least: number; most: number }, next: number): number {
    if (most === Number.POSITIVE_INFINITY) {
      const loop: number[] = [next]
      const fork = add({ kind: 'fork', next: loop })
      loop.push(before(part, fork))
      return fork
    }
    let first = next
    for (let times = least; times < most; times++) first = add({ kind: 'fork', next: [next, before(part, first)] })
    return first
  }
}

/** Every state that could hold at a position, all at once; a match may begin anywhere. */
function search({ states, start }: Automaton, text: readonly string[]): boolean {
  let reading = new Set<number>()
  for (let position = 0; position <= text.length; position++) {
    const character = text[position]
    const reached = closure(states, [...reading, start], text[position - 1], character)
    if (reached === 'found') return true
    reading = new Set()
    for (const state of reached) if (character !== undefined && state.is(character)) reading.add(state.next)
  }
  return false
}

type Reading = Extract<State, { kind: 'character' }>

/** Follows everything that reads nothing, up to the states that read the next character. */
function closure(
  states: readonly State[],
  from: number[],
  before: string | undefined,
  after: string | undefined,
): readonly Reading[] | 'found' {
  const seen = new Set<number>()
  const readers: Reading[] = []
  for (let index = from.pop(); index !== undefined; index = from.pop()) {
    const state = states[index]
    if (state === undefined || seen.has(index)) continue
    seen.add(index)
    if (state.kind === 'found') return 'found'
    if (state.kind === 'character') readers.push(state)
    else if (state.kind === 'fork') from.push(...state.next)
    else if (state.holds(before, after)) from.push(state.next)
  }
  return readers
}
