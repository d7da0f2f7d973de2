/** Nothing of any machine is left out: each transition is on a path, and so is the no of each guard that stands alone. */
import { describe, expect, test } from 'vitest'
import type { MachineDefinition } from '../../machines/definition.ts'
import type { Cases } from './cases.ts'
import { type Coverage, coverageOf } from './cover.ts'
import { chest, gate } from './planted.ts'
import { stageOf } from './stage.ts'
import { coverages } from './subjects.ts'

describe.each(coverages().map((coverage) => ({ machine: coverage.stage.subject.machine.id, ...coverage })))(
  '$machine',
  ({ paths, uncovered }) => {
    test('every transition is on a path (what is missing needs a case in tests/paths/cases, or is dead)', () => {
      expect(uncovered.map(({ name }) => name)).toEqual([])
    })

    test('there is a path, if only to its beginning (it needs cases in tests/paths/cases)', () => {
      expect(paths.length).toBeGreaterThan(0)
    })

    test('every path has a name of its own', () => {
      expect(new Set(paths.map(({ name }) => name)).size).toBe(paths.length)
    })
  },
)

describe('what no case reaches is named', () => {
  test('all of it, when there are no cases', () => {
    const { goals, uncovered } = covered(chest, { starts: {} })
    expect(uncovered).toEqual(goals)
    expect(uncovered).toHaveLength(7)
  })

  test('all behind an outcome without a case', () => {
    expect(holesIn(chest, starting)).toEqual([
      'weighing --xstate.done.actor.weigh--> shut',
      'shut --unlocked [hasKey]--> open',
      'open --emptied [isEmpty]--> broken',
      'open --emptied--> shut',
      'lost --found--> shut',
      'shut --unlocked [not hasKey]--> nothing',
    ])
  })

  test('what is dead, when all else has its cases: a state nobody enters, a guard that never says yes', () => {
    const says = { ...weighed, unlocked: [{ key: 'brass' }, { key: 'tin' }] }
    expect(holesIn(chest, { ...starting, says })).toEqual([
      'open --emptied [isEmpty]--> broken',
      'lost --found--> shut',
    ])
  })

  test('the no of a guard that is only ever told what it likes', () => {
    const says = { ...weighed, unlocked: [{ key: 'brass' }] }
    expect(holesIn(chest, { ...starting, says })).toContain('shut --unlocked [not hasKey]--> nothing')
  })
})

test('guards say no without an event of their own, too: before a state is left, and when it is complete', () => {
  const { goals, uncovered } = covered(gate, starting)
  expect(uncovered).toEqual([])
  expect(goals.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'locked --always [not isTurned]--> nothing',
      'passage --xstate.done.state.gate.passage [not isPaid]--> nothing',
    ]),
  )
})

describe('cases that cannot be are refused', () => {
  test('an event that is not what the chart declares', () => {
    const says = { ...weighed, unlocked: [{ key: 7 }] }
    expect(() => covered(chest, { ...starting, says })).toThrow(
      'A case of "unlocked" in tests/paths/cases/chest.ts is not what the chart declares',
    )
  })

  test('an outcome that is not what the work declares', () => {
    const says = { 'xstate.done.actor.weigh': ['heavy'] }
    expect(() => covered(chest, { ...starting, says })).toThrow(
      'A case of "xstate.done.actor.weigh" in tests/paths/cases/chest.ts is not what the chart declares',
    )
  })

  test('more ways than anybody wants to walk', () => {
    expect(() => covered(chest, { ...starting, limit: 1 })).toThrow(
      'More than 1 steps lead through "chest": give tests/paths/cases/chest.ts a projection',
    )
  })
})

const starting: Cases = { starts: { 'a beginning': { input: {} } } }
const weighed = { 'xstate.done.actor.weigh': [7] }

function covered(subject: MachineDefinition, cases: Cases): Coverage {
  return coverageOf(stageOf(subject, { casesFor: () => cases, others: [] }))
}

function holesIn(subject: MachineDefinition, cases: Cases): string[] {
  return covered(subject, cases).uncovered.map(({ name }) => name)
}
