/** How a run is called from outside: six words for all its states. */
import { z } from 'zod'

/** ST-2. `FINISHED` is executed and never judged: a dry run. */
export const runStatusSchema = z.enum(['PENDING', 'RUNNING', 'FINISHED', 'JUDGED', 'FAILED', 'CANCELLED'])
export type RunStatus = z.infer<typeof runStatusSchema>

/** ST-2: the chart carries the status of each state as a tag; PENDING and RUNNING are tagged `active` as well. */
export function statusOf(tags: readonly string[]): RunStatus {
  const status = runStatusSchema.options.find((one) => tags.includes(one))
  if (status === undefined) throw new Error(`A run's tags name its status, but these do not: "${tags.join(', ')}"`)
  return status
}

interface Facts {
  readonly has_error: boolean
  readonly has_decision: boolean
  readonly has_tool_finished: boolean
  readonly has_tool_started: boolean
}

/** ST-3: the status of a run of which nothing but such facts is known. The first that holds wins. */
export function statusFromFacts(facts: Facts): RunStatus {
  if (facts.has_error) return 'FAILED'
  if (facts.has_decision) return 'JUDGED'
  if (facts.has_tool_finished) return 'FINISHED'
  if (facts.has_tool_started) return 'RUNNING'
  return 'PENDING'
}
