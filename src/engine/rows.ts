/** From rows of the store to what the engine works with and shows. */
import type { AnyMachineSnapshot } from 'xstate'
import type { Attributes } from '../../machines/definition.ts'
import type { InstanceRow, OutlineRow } from '../store/instances.ts'
import type { JournalRow } from '../store/journal.ts'
import type { Catalogue } from './catalogue.ts'
import { fromResting, type Resting, tagsOf } from './persisted.ts'
import type { Resident } from './resident.ts'
import type { InstanceOutline, InstanceStatus, InstanceSummary, InstanceView, JournalEntry } from './types.ts'

class UnknownVersion extends Error {
  override readonly name = 'UnknownVersion'
}

export function residentFrom(catalogue: Catalogue, row: InstanceRow): Resident {
  const definition = catalogue.version(row.machine, row.version)
  if (!definition)
    throw new UnknownVersion(
      `Instance "${row.instance_id}" runs ${row.machine} ${row.version}, which this server does not have`,
    )
  return {
    instance_id: row.instance_id,
    tenant: row.tenant,
    definition,
    input: row.input,
    core: fromResting(definition.machine, row.snapshot as Resting, row.input),
    revision: row.revision,
    last_hash: row.last_hash,
    status: row.status as InstanceStatus,
    state: row.state,
    parent_id: row.parent_id,
    parent_child_id: row.parent_child_id,
    entered_state_at: row.entered_state_at.toISOString(),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    title: row.title,
    attributes: row.attributes as Attributes,
  }
}

export function outlineFrom(row: OutlineRow): InstanceOutline {
  return {
    instance_id: row.instance_id,
    status: row.status as InstanceStatus,
    tags: row.tags,
    attributes: row.attributes as Attributes,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

export function summaryFrom(row: InstanceRow): InstanceSummary {
  return {
    ...identityOf(row),
    machine: row.machine,
    version: row.version,
    status: row.status as InstanceStatus,
    state: (row.snapshot as Resting).value as InstanceSummary['state'],
    tags: row.tags,
    entered_state_at: row.entered_state_at.toISOString(),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

export function viewFromRow(row: InstanceRow): InstanceView {
  const { context, children, output, error } = row.snapshot as Resting
  return {
    ...summaryFrom(row),
    context: { ...context, input: row.input },
    children,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
  }
}

export function viewFrom(resident: Resident): InstanceView {
  const { definition, core, status } = resident
  const snapshot = core.snapshot as AnyMachineSnapshot
  return {
    ...identityOf(resident),
    machine: definition.name,
    version: definition.version,
    status,
    state: snapshot.value,
    tags: tagsOf(snapshot),
    context: snapshot.context,
    children: core.children,
    ...(snapshot.output === undefined ? {} : { output: snapshot.output }),
    ...(snapshot.error === undefined ? {} : { error: snapshot.error }),
    entered_state_at: resident.entered_state_at,
    created_at: resident.created_at,
    updated_at: resident.updated_at,
  }
}

export function entryFrom(row: JournalRow): JournalEntry {
  const { salt: _, redaction_reason: __, dropped, ...shown } = row
  return {
    ...shown,
    ...(dropped.length > 0 ? { dropped } : {}),
    at: row.at.toISOString(),
    redacted_at: row.redacted_at?.toISOString() ?? null,
  }
}

function identityOf({
  instance_id,
  tenant,
  title,
  attributes,
  revision,
  parent_id,
}: Pick<Resident | InstanceRow, 'instance_id' | 'tenant' | 'title' | 'attributes' | 'revision' | 'parent_id'>) {
  return { instance_id, tenant, title, attributes, revision, parent_id }
}
