/** Instances and journal entries as they travel, and the way from an engine's view to an answer. */
import { z } from 'zod'
import { type Principal, principalSchema } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import type { InstanceView, JournalEntry, Reads, Receipt } from '../engine/types.ts'
import { Refusal } from '../refusal.ts'
import { admits, mayRead } from './access.ts'
import type { InstanceId } from './instance-id.ts'
import { jsonSchema } from './json-schema.ts'
import { definitionOf } from './known-machine.ts'

const attributes = z.record(z.string(), z.unknown()).readonly()
const hash = z.string().meta({ description: 'SHA-256, 64 hex digits' })

export const instanceSummary = z.object({
  instance_id: z.uuid(),
  tenant: z.string(),
  machine: z.string(),
  version: z.string(),
  status: z.enum(['active', 'done', 'error', 'stopped']),
  state: z.unknown().meta({ description: "XState's value: a name, or an object of names for nested states" }),
  tags: z.array(z.string()).readonly(),
  title: z.string(),
  attributes,
  revision: z.int(),
  parent_id: z.uuid().nullable(),
  entered_state_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})

export const instanceAnswer = instanceSummary.extend({
  context: attributes,
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  children: z
    .record(z.string(), z.object({ kind: z.enum(['effect', 'machine']), source: z.string(), id: z.uuid() }))
    .readonly(),
  accepts: z
    .array(z.object({ type: z.string(), schema: attributes }))
    .readonly()
    .meta({ description: 'Events the instance takes in this state and the caller may send' }),
})
export type InstanceAnswer = z.input<typeof instanceAnswer>

export const journalEntry = z.object({
  sequence: z.int(),
  instance_id: z.uuid(),
  machine: z.string(),
  version: z.string(),
  revision: z.int(),
  event_id: z.uuid(),
  event: z.looseObject({ type: z.string() }).nullable().meta({ description: 'Null once redacted' }),
  by: principalSchema,
  at: z.iso.datetime(),
  state_before: z.string(),
  state_after: z.string(),
  fired: z.array(z.string()).readonly(),
  dropped: z
    .array(z.string())
    .readonly()
    .exactOptional()
    .meta({ description: 'Sends to instances that had already finished' }),
  snapshot_hash: hash,
  event_hash: hash,
  correlation_id: z.string(),
  prev_hash: hash,
  hash,
  redacted_by: z.string().nullable(),
  redacted_at: z.iso.datetime().nullable(),
}) satisfies z.ZodType<JournalEntry>

export interface Viewer {
  readonly catalogue: Catalogue
  readonly reads: Reads
  readonly principal: Principal
}

export function answerOf(view: InstanceView, { catalogue, reads, principal }: Viewer): InstanceAnswer {
  const { access, events } = definitionOf(catalogue, view)
  const accepts = reads
    .accepts(view)
    .filter((type) => admits(access.events[type], principal))
    .flatMap((type) => (events[type] ? [{ type, schema: jsonSchema(events[type], 'input') }] : []))
  return { ...view, accepts }
}

/** The instance, if it exists in the principal's tenant and the principal may read it. */
export async function readableInstance(
  instance_id: InstanceId,
  { catalogue, reads, principal }: Viewer,
): Promise<InstanceView> {
  const view = await reads.instance(principal.tenant, instance_id)
  if (view === null) throw instanceNotFound(instance_id)
  if (mayRead(definitionOf(catalogue, view), principal, view)) return view
  throw new Refusal('PERMISSION_DENIED', `"${principal.id}" may not read ${view.machine} "${instance_id}"`)
}

/** The instance as the turn left it, also when it has moved on since or the answer is that of an earlier request. */
export async function instanceAfter(
  { instance_id, revision }: Receipt,
  { reads, principal }: Viewer,
): Promise<InstanceView> {
  const now = await reads.instance(principal.tenant, instance_id)
  const then = now?.revision === revision ? now : await reads.instanceAt(principal.tenant, instance_id, revision)
  if (then === null) throw new Error(`Instance "${instance_id}" has no revision ${revision}, which a receipt names`)
  return then
}

export function instanceNotFound(instance_id: string, revision?: number): Refusal {
  return revision === undefined
    ? new Refusal('INSTANCE_NOT_FOUND', `There is no instance "${instance_id}"`, { instance_id })
    : new Refusal('REVISION_NOT_FOUND', `Instance "${instance_id}" has no revision ${revision}`, {
        instance_id,
        revision,
      })
}
