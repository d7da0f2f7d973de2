import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InstanceOutline } from '../../src/engine/types.ts'
import { dashboard, dashboardOf } from '../../src/runs/dashboard.ts'

const now = new Date('2026-03-10T12:00:00.000Z')
const window = { days: 7, limit: 50, now }

function outline(attributes: object = {}, rest: Partial<InstanceOutline> = {}): InstanceOutline {
  return {
    ...{ instance_id: '01990000-0000-7000-8000-00000000beef', status: 'done', tags: [] },
    ...{ created_at: '2026-03-09T10:00:00.000Z', updated_at: '2026-03-09T10:00:05.000Z' },
    ...rest,
    attributes: {
      ...{ decision: 'PASS', decision_source: 'gate_evaluator', outcome: 'PASS', elapsed_ms: 1000, tool_count: 1 },
      ...{ short_circuited: false, artifact_count: 2, artifacts_dropped: 0 },
      ...{ policy_version: '1.0', policy_hash: 'abcdef0123456789' },
      ...attributes,
    },
  }
}

const waiting = { decision: 'NEED_HITL', outcome: null }
const dry = { decision: null, decision_source: null, outcome: null, elapsed_ms: null, artifact_count: 0 }

test('DB-1: the outcome counts, then the decision; nobody’s decision counts as none', () => {
  const accepted = outline({ decision: 'NEED_HITL', outcome: 'PASS' })
  const { cards } = dashboardOf([accepted, outline({ outcome: 'FAIL' }), outline(waiting), outline(dry)], window)
  expect(cards).toMatchObject({ pass_count: 1, fail_count: 1, hitl_count: 1, total_runs: 4 })
})

test('DB-2: the figures add up, whatever the runs', () => {
  const run = fc.record({
    decision: fc.constantFrom('PASS', 'FAIL', 'NEED_HITL', null),
    outcome: fc.constantFrom('PASS', 'FAIL', null),
    day: fc.integer({ min: 1, max: 9 }),
  })
  fc.assert(
    fc.property(fc.array(run, { maxLength: 40 }), (runs) => {
      const outlines = runs.map(({ decision, outcome, day }) =>
        outline(
          { decision, outcome: decision === null ? null : outcome },
          { updated_at: `2026-03-0${day}T00:00:00.000Z` },
        ),
      )
      const { cards, by_decision, timeseries } = dashboardOf(outlines, window)
      const { pass_count, fail_count, hitl_count, total_runs } = cards
      expect(pass_count + fail_count + hitl_count).toBeLessThanOrEqual(total_runs)
      expect(by_decision).toEqual({ PASS: pass_count, FAIL: fail_count, NEED_HITL: hitl_count })
      for (const day of timeseries) {
        expect(day.total).toBe(day.pass_count + day.fail_count + day.need_hitl_count)
      }
      expect(timeseries.map(({ date }) => date)).toEqual(timeseries.map(({ date }) => date).toSorted())
      expect(timeseries.reduce((sum, { total }) => sum + total, 0)).toBeLessThanOrEqual(total_runs)
    }),
  )
})

test('DB-3: the limit bounds the lists, never the figures; averages leave out runs without a time', () => {
  const runs = [...Array.from({ length: 30 }, () => outline()), outline(dry)]
  const { cards, trend, recent_runs } = dashboardOf(runs, { ...window, limit: 5 })
  expect([cards.total_runs, cards.avg_elapsed_ms, trend.length, recent_runs.length]).toEqual([31, 1000, 5, 5])
  expect(cards.artifact_metrics).toEqual({
    ...{ total_artifact_count: 60, runs_with_artifact_count: 30, truncated_runs_count: 0 },
  })
  const wide = dashboardOf(runs, window)
  expect([wide.trend.length, wide.recent_runs.length]).toEqual([20, 10])
  expect(dashboardOf([outline(dry)], window).cards.avg_elapsed_ms).toBeNull()
})

test('§17: the trend runs from old to new, hashes and ids are short', () => {
  const [newer, older] = [
    outline({}, { created_at: '2026-03-10T00:00:00.000Z' }),
    outline({}, { created_at: '2026-03-08T00:00:00.000Z' }),
  ]
  const figures = dashboardOf([newer, older], window)
  expect(figures.trend.map(({ started_at }) => started_at)).toEqual([older.created_at, newer.created_at])
  expect(figures.trend[0]?.run_id).toBe('0000beef')
  expect(figures.by_policy_hash).toEqual({ abcdef01: 2 })
  expect(dashboard.parse({ ...figures, audit_summary: null })).toMatchObject(figures)
})
