/** A disk that stays full for a while, and what clients may be told meanwhile. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Complain } from './campaign.ts'
import type { Load } from './load.ts'
import type { SmallDisk } from './small-disk.ts'

const CLEAR = ['', 'DATABASE_UNAVAILABLE', 'LEDGER_IN_DOUBT', 'STOPPING', 'NOT_READY', 'OVERLOADED']
const FILL_EVERY_MS = 100
/** Until a write has met it. */
const LONGEST_MS = 30_000

interface Full {
  readonly ms: number
  /** Bytes that stay free. */
  readonly leaving?: number
  readonly disk: SmallDisk
  readonly load: Load
  readonly complain: Complain
}

/**
 * Whatever room appears meanwhile is taken again. Complains of answers that clients could make nothing of, and if nobody
 * noticed; answers with how many requests were not answered at all.
 */
export async function fullFor({ ms, leaving, disk, load, complain }: Full): Promise<number> {
  const begun = performance.now()
  const before = new Map(load.refusals)
  const since = () => [...load.refusals].map(([code, count]) => [code, count - (before.get(code) ?? 0)] as const)
  const noticed = () => since().some(([, count]) => count > 0)
  const lasted = () => performance.now() - begun
  try {
    while (lasted() < ms || (!noticed() && lasted() < LONGEST_MS)) {
      await disk.fill(leaving)
      await wait(FILL_EVERY_MS)
    }
  } finally {
    await disk.free()
  }
  if (!noticed()) complain('the disk was full and nobody noticed')
  for (const [code, count] of since()) {
    if (count > 0 && !CLEAR.includes(code)) complain(`${count} requests were answered ${code}`)
  }
  return new Map(since()).get('') ?? 0
}
