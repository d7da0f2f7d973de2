/** Rows beside what anyone could do without an engine on the same Postgres, measured in the same run. */
import { batched, onePerStep } from './baseline.ts'
import type { Ground } from './ground.ts'
import type { Row } from './measure.ts'

export interface ComparedRow extends Row {
  /** Steps per second, as a share of those of the baseline at 64, and of the batching limit. */
  readonly of_baseline: number
  readonly of_limit: number
}

type Part = (ground: Ground) => Promise<readonly Row[]>

export async function compared(ground: Ground, parts: readonly Part[]): Promise<readonly ComparedRow[]> {
  if (parts.length === 0) return []
  const base = await onePerStep(ground, 64)
  const limit = await batched(ground, 64)
  const rows = [await onePerStep(ground, 1), base, limit]
  for (const part of parts) rows.push(...(await part(ground)))
  return rows.map((row) => ({ ...row, of_baseline: share(row, base), of_limit: share(row, limit) }))
}

function share(row: Row, whole: Row): number {
  return Number((row.steps_per_s / whole.steps_per_s).toFixed(2))
}
