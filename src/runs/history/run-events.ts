/** The live view of a run, read off its journal (EVT-1): few events, each with an id and its place among the others. */
import { z } from 'zod'
import { gateResultSchema, orchestrationInputSchema, runEventSchemas } from '../../../machines/run/schema.ts'
import { derivedId } from '../../engine/ids.ts'
import type { InstanceView, JournalEntry } from '../../engine/types.ts'

export const runEvent = z.object({
  id: z.uuid(),
  seq: z.int().min(1),
  event: z.enum([
    ...['run.started', 'run.node', 'run.waiting', 'run.finished', 'run.decided', 'run.outcome'],
    'run.failed',
  ] as const),
  data: z.record(z.string(), z.unknown()),
})
export type RunLiveEvent = z.infer<typeof runEvent>

type Said = Pick<RunLiveEvent, 'event' | 'data'>

const nodes = new Set(['load_policy', 'plan', 'execute', 'enforce_budget', 'collect', 'gate'])
const ends = new Set(['judged', 'finished', 'failed', 'cancelled'])

/** From the run and all entries of its journal, oldest first; the same entries give the same ids. */
export function runEventsOf(run: InstanceView, entries: readonly JournalEntry[]): RunLiveEvent[] {
  const events: RunLiveEvent[] = []
  for (const entry of entries) {
    for (const said of [...saidByEvent(entry), ...saidByState(run, entry)]) {
      events.push({ id: derivedId(entry.event_id, `live/${said.event}`), seq: events.length + 1, ...said })
    }
  }
  return events
}

function saidByEvent({ event }: JournalEntry): Said[] {
  switch (event?.type) {
    case 'xstate.init': {
      const started = z.object({ input: orchestrationInputSchema }).safeParse(event).data
      return [{ event: 'run.started', data: { nl_input: started?.input.nl_input ?? null } }]
    }
    case 'xstate.done.actor.evaluateGate': {
      const { output } = z.object({ output: gateResultSchema }).parse(event)
      return [{ event: 'run.decided', data: { decision: output.decision } }]
    }
    case 'approval.created':
      return [{ event: 'run.waiting', data: { approval_id: approvalCreated.parse(event).approval_id } }]
    default:
      return []
  }
}

const approvalCreated = runEventSchemas['approval.created']

// What the run came to is read from the run itself: once it has ended it changes no more.
function saidByState({ attributes }: InstanceView, { state_before, state_after }: JournalEntry): Said[] {
  if (state_before === state_after) return []
  if (nodes.has(state_after)) return [{ event: 'run.node', data: { node: state_after } }]
  if (!ends.has(state_after)) return []
  const finished: Said = { event: 'run.finished', data: { status: state_after.toUpperCase() } }
  switch (state_after) {
    case 'judged': {
      const outcome: Said = { event: 'run.outcome', data: { outcome: attributes.outcome ?? null } }
      // Settled before any gate: by the budget, or by a human's no to the plan.
      const decided: Said[] =
        state_before === 'collect' ? [{ event: 'run.decided', data: { decision: attributes.decision ?? null } }] : []
      return [...decided, outcome, finished]
    }
    case 'failed':
      return [{ event: 'run.failed', data: { error_code: attributes.error_code ?? null } }, finished]
    default:
      return [finished]
  }
}
