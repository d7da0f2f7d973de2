/** Figures over many runs (§17). Pure: what the runs say and the window are all it needs. */
import { z } from 'zod'
import { decisionSchema, outcomeSchema } from '../../machines/run/schema.ts'
import type { InstanceOutline } from '../engine/types.ts'

const count = z.int().min(0)
const shortHash = z.string().max(8)

export const dashboard = z.object({
  window: z.object({ days: z.int(), from: z.iso.datetime(), to: z.iso.datetime() }),
  cards: z.object({
    pass_count: count,
    fail_count: count,
    hitl_count: count,
    avg_elapsed_ms: z.number().nullable(),
    short_circuit_count: count,
    total_runs: count,
    artifact_metrics: z.object({
      total_artifact_count: count,
      runs_with_artifact_count: count,
      truncated_runs_count: count,
    }),
  }),
  trend: z.array(
    z.object({
      run_id: z.string(),
      elapsed_ms: z.number().nullable(),
      started_at: z.iso.datetime(),
      decision: decisionSchema.nullable(),
    }),
  ),
  recent_runs: z.array(
    z.object({
      run_id: z.uuid(),
      started_at: z.iso.datetime(),
      finished_at: z.iso.datetime().nullable(),
      decision: decisionSchema.nullable(),
      decision_source: z.string().nullable(),
      tool_count: count,
      policy_version: z.string().nullable(),
      policy_hash: shortHash.nullable(),
    }),
  ),
  by_decision: z.record(decisionSchema, count),
  by_policy_hash: z.record(shortHash, count),
  timeseries: z.array(
    z.object({ date: z.iso.date(), pass_count: count, fail_count: count, need_hitl_count: count, total: count }),
  ),
  audit_summary: z.object({ total_events: count, runs_with_events: count }).nullable(),
})
export type Dashboard = z.input<typeof dashboard>

/** What the figures ask of a run's attributes. */
const facts = z.object({
  decision: decisionSchema.nullable(),
  decision_source: z.string().nullable(),
  outcome: outcomeSchema.nullable(),
  elapsed_ms: z.number().nullable(),
  short_circuited: z.boolean(),
  artifact_count: count.default(0),
  artifacts_dropped: count.default(0),
  tool_count: count,
  policy_version: z.string().nullable(),
  policy_hash: z.string().nullable(),
})

type Bucket = 'PASS' | 'FAIL' | 'NEED_HITL'
type Fact = z.infer<typeof facts> & InstanceOutline

const TREND = 20
const RECENT = 10
const DAY_MS = 86_400_000

export interface Window {
  readonly days: number
  /** Bounds the lists, never the figures (DB-3). */
  readonly limit: number
  readonly now: Date
}

export function windowStart({ days, now }: Window): Date {
  return new Date(now.getTime() - days * DAY_MS)
}

/** Runs come newest first, and only those of the window. */
export function dashboardOf(runs: readonly InstanceOutline[], window: Window): Omit<Dashboard, 'audit_summary'> {
  const all = runs.map((run): Fact => ({ ...run, ...facts.parse(run.attributes) }))
  const decided = Object.groupBy(all, (run) => bucketOf(run) ?? 'undecided')
  const counted = (bucket: Bucket) => decided[bucket]?.length ?? 0
  const [PASS, FAIL, NEED_HITL] = [counted('PASS'), counted('FAIL'), counted('NEED_HITL')]
  return {
    window: { days: window.days, from: windowStart(window).toISOString(), to: window.now.toISOString() },
    cards: {
      ...{ pass_count: PASS, fail_count: FAIL, hitl_count: NEED_HITL },
      avg_elapsed_ms: mean(all.flatMap(({ elapsed_ms }) => elapsed_ms ?? [])),
      short_circuit_count: all.filter(({ short_circuited }) => short_circuited).length,
      total_runs: all.length,
      artifact_metrics: {
        total_artifact_count: sum(all.map(({ artifact_count }) => artifact_count)),
        runs_with_artifact_count: all.filter(({ artifact_count }) => artifact_count > 0).length,
        truncated_runs_count: all.filter(({ artifacts_dropped }) => artifacts_dropped > 0).length,
      },
    },
    trend: all
      .slice(0, Math.min(TREND, window.limit))
      .map(({ instance_id, elapsed_ms, created_at, decision }) => ({
        // The last digits: the first are the time, and alike.
        ...{ run_id: instance_id.slice(-8), elapsed_ms, started_at: created_at, decision },
      }))
      .toReversed(),
    recent_runs: all.slice(0, Math.min(RECENT, window.limit)).map(recent),
    by_decision: { PASS, FAIL, NEED_HITL },
    by_policy_hash: Object.fromEntries(
      Object.entries(Object.groupBy(all, ({ policy_hash }) => policy_hash?.slice(0, 8) ?? ''))
        .filter(([hash]) => hash !== '')
        .map(([hash, runs]) => [hash, runs?.length ?? 0]),
    ),
    timeseries: timeseriesOf(all),
  }
}

/** DB-1: what a run amounts to; null while nobody has decided, and for dry runs. */
function bucketOf({ decision, outcome }: Fact): Bucket | null {
  return outcome ?? decision
}

function recent({ instance_id, created_at, updated_at, status, policy_hash, ...fact }: Fact) {
  const { decision, decision_source, tool_count, policy_version } = fact
  return {
    ...{ run_id: instance_id, started_at: created_at, finished_at: status === 'active' ? null : updated_at },
    ...{ decision, decision_source, tool_count, policy_version, policy_hash: policy_hash?.slice(0, 8) ?? null },
  }
}

/** Per day on which the run was last decided about: one that waits for a human, by when it began to wait. */
function timeseriesOf(all: readonly Fact[]): Dashboard['timeseries'] {
  const decided = all.filter((run) => bucketOf(run) !== null)
  const days = Object.groupBy(decided, ({ updated_at }) => updated_at.slice(0, 10))
  return Object.entries(days)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([date, runs = []]) => {
      const counted = (bucket: Bucket) => runs.filter((run) => bucketOf(run) === bucket).length
      return {
        ...{ date, pass_count: counted('PASS'), fail_count: counted('FAIL'), need_hitl_count: counted('NEED_HITL') },
        total: runs.length,
      }
    })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function mean(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : sum(numbers) / numbers.length
}
