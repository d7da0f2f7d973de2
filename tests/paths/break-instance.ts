/**
 * Makes the chart of an instance fail, as it would over a timer it cannot take: the engine then sends the instance
 * the event that ends it in error. That delivery is written here, for the engine to find when it looks for timers.
 */
import { derivedId } from '../../src/engine/ids.ts'
import { FAULT } from '../../src/engine/step.ts'
import type { Store } from '../../src/store/store.ts'
import { brokenError } from './world.ts'

export async function breakInstance({ db }: Store, { instance_id, tenant, at }: Break): Promise<void> {
  const delivery = { to: instance_id, event: { type: FAULT, error: brokenError }, mode: 'stop' }
  const instant = new Date(at).toISOString()
  await db
    .insertInto('effects')
    .values({
      ...{ effect_id: derivedId(instance_id, 'break'), instance_id, tenant, child_id: '', kind: 'timer' },
      ...{ source: FAULT, payload: JSON.stringify({ delivery }), due_at: instant, created_at: instant },
      ...{ attempt: 1, delivery: 0, leased_by: null, leased_until: null, abort_requested: false },
      ...{ last_error: null, settled_at: null, outcome: null },
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

interface Break {
  readonly instance_id: string
  readonly tenant: string
  /** When the engine is to find it. */
  readonly at: number
}
