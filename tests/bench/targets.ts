/** What we want of this version, beside what was measured. A run that leaves a part out says nothing of its targets. */
import type { ComparedRow } from './compared.ts'
import type { Sealing } from './sealing.ts'
import type { Start } from './waiting.ts'

export interface Measured {
  readonly rows: readonly ComparedRow[]
  readonly sealing: Sealing | undefined
  readonly starts: readonly Start[]
}

export interface Target {
  readonly target: string
  readonly wanted: string
  readonly measured: number
  readonly verdict: 'met' | 'not met'
}

export function targets({ rows, sealing, starts }: Measured): readonly Target[] {
  const row = (what: string, concurrency: number) =>
    rows.find((one) => one.what === what && one.concurrency === concurrency)
  const full = (where: Start['where']) => starts.find((start) => start.where === where && start.data === 'full')
  const events = row('events, postgres', 64)
  const postgres = full('postgres')
  const pglite = full('pglite')
  return [
    atLeast('events at 64, of the baseline', 1, events?.of_baseline),
    atLeast('events at 64, of the batching limit', 0.4, events?.of_limit),
    atLeast('steps of durable runs at 64, of the baseline', 0.7, row('durable runs, postgres', 64)?.of_baseline),
    atLeast('steps of inline runs at 64, of the baseline', 1.4, row('inline runs, postgres', 64)?.of_baseline),
    atLeast('HTTP events at 64, of the baseline', 0.3, row('HTTP events, postgres', 64)?.of_baseline),
    atMost('a lone durable run, p50 in ms', 4, row('durable runs, postgres', 1)?.p50_ms),
    atMost('signing, share of the throughput', 0.15, sealing?.signing_share),
    atMost('start with all that waits, Postgres, s', 2, postgres?.ready_s),
    atMost('start with all that waits, PGlite, s', 2, pglite?.ready_s),
    atMost('memory at its highest, Postgres, MB', 300, postgres?.peak_mb),
    atMost('memory at its highest, PGlite, MB', 450, pglite?.peak_mb),
  ].flat()
}

function atLeast(target: string, wanted: number, measured: number | undefined): Target[] {
  if (measured === undefined) return []
  return [{ target, wanted: `≥ ${wanted}`, measured, verdict: measured >= wanted ? 'met' : 'not met' }]
}

function atMost(target: string, wanted: number, measured: number | undefined): Target[] {
  if (measured === undefined) return []
  return [{ target, wanted: `≤ ${wanted}`, measured, verdict: measured <= wanted ? 'met' : 'not met' }]
}
