import { endProcesses } from './end-processes.ts'
import { identityOf, processTable } from './process-table.ts'

/**
 * At start-up: ends what earlier servers of the same installation left running, should their warden have died with
 * them. `isOrphan` is asked once per effect found, for another server on the same database may be alive and its
 * tools at work. Answers the effects whose processes it ended.
 */
export async function sweepOrphans(sweep: {
  readonly owner: string
  readonly isOrphan: (effect_id: string) => Promise<boolean>
}): Promise<readonly string[]> {
  const ours = (await processTable()).filter((entry) => entry.owner === sweep.owner)
  const orphans: string[] = []
  for (const effect_id of new Set(ours.map((entry) => entry.effect_id ?? ''))) {
    if (await sweep.isOrphan(effect_id)) orphans.push(effect_id)
  }
  // Those seen above, not whatever bears the effect's id by now: another server may have started it anew.
  const left = new Set(ours.filter(({ effect_id }) => orphans.includes(effect_id ?? '')).map(identityOf))
  if (left.size > 0) await endProcesses((entry) => left.has(identityOf(entry)))
  return orphans
}
