/**
 * Replay: an instance made again from its journal alone. It uses the same step, the same moments and the same ids,
 * so what comes out must have the hashes that were recorded.
 */
import type { Moment } from '../../machines/definition.ts'
import type { JournalRow } from '../store/journal.ts'
import type { Catalogue } from './catalogue.ts'
import { statePaths } from './persisted.ts'
import type { Resident } from './resident.ts'
import { type Event, firstStep, step } from './step.ts'

/** The instance after the next entry; `before` is null for the first. Throws what the chart throws. */
export function replayed(catalogue: Catalogue, before: Resident | null, entry: JournalRow): Resident {
  const definition = before?.definition ?? catalogue.version(entry.machine, entry.version)
  if (!definition) throw new Error(`${entry.machine} ${entry.version} is not in the catalogue`)
  const event = entry.event as Event
  const at = entry.at.toISOString()
  const moment: Moment = { at, by: entry.by, id: entry.event_id }
  const parent = before ? null : ((event.parent as { instance_id: string; child_id: string } | undefined) ?? null)
  const identity = { instance_id: entry.instance_id, parent_id: before?.parent_id ?? parent?.instance_id ?? null }
  const { core } = before
    ? step(definition.machine, identity, before.core, event, moment)
    : firstStep(definition.machine, identity, event.input, moment)
  const state = statePaths(core.snapshot)
  return {
    ...identity,
    tenant: entry.tenant,
    definition,
    input: before ? before.input : event.input,
    core,
    revision: entry.revision,
    last_hash: entry.hash,
    status: core.snapshot.status,
    state,
    parent_child_id: before?.parent_child_id ?? parent?.child_id ?? null,
    entered_state_at: before?.state === state ? before.entered_state_at : at,
    created_at: before?.created_at ?? at,
    updated_at: at,
    ...definition.describe(core.snapshot.context),
  }
}
