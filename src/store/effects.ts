/**
 * Work owed: who holds it, how long, and what was tried. Leases run on the database's clock, so that servers whose
 * clocks differ agree who holds what; due times are the engine's. Rows are locked in the order of their ids.
 */
import { type Kysely, type Selectable, sql } from 'kysely'
import type { EffectTable, Tables } from './tables.ts'

export type EffectRow = Selectable<EffectTable>

export interface Claim {
  readonly holder: string
  /** How many of each source at most. */
  readonly room: Readonly<Record<string, number>>
  readonly now: string
  readonly lease_s: number
  /** `machine@version` this process can step; work of others is left to servers that can. */
  readonly known: readonly string[]
  /** Effects this process is at already, though their lease may have run out. */
  readonly running: readonly string[]
  /** Only this tenant's. */
  readonly tenant?: string
}

/** Leases what is due and free. Rows another server is just claiming are passed over. */
export async function claimEffects(
  db: Kysely<Tables>,
  { holder, room, now, lease_s, known, running, tenant }: Claim,
): Promise<EffectRow[]> {
  const sources = Object.keys(room)
  const { rows } = await sql<EffectRow>`
    with free as (
      select due.effect_id
      from unnest(${sources}::text[], ${Object.values(room)}::int[]) as room(source, places)
      cross join lateral (
        select effect_id from effects join instances using (instance_id)
        where settled_at is null and kind = 'invoke' and effects.source = room.source and due_at <= ${now}::timestamptz
          and (leased_until is null or leased_until < now()) and effect_id <> all(${running}::uuid[])
          and effects.tenant = coalesce(${tenant ?? null}, effects.tenant)
          and machine || '@' || version = any(${known}::text[])
          and not (select halted from head)
        order by due_at limit room.places for update of effects skip locked
      ) as due)
    update effects set leased_by = ${holder}, leased_until = now() + make_interval(secs => ${lease_s}), delivery = delivery + 1
    from free where effects.effect_id = free.effect_id
    returning effects.*`.execute(db)
  return rows
}

/** Prolongs leases still held; what is missing from the answer is held no longer. */
export async function prolongLeases(
  db: Kysely<Tables>,
  { holder, effect_ids, lease_s }: { holder: string; effect_ids: readonly string[]; lease_s: number },
): Promise<{ effect_id: string; attempt: number; abort_requested: boolean; leased_until: Date }[]> {
  const { rows } = await sql<{ effect_id: string; attempt: number; abort_requested: boolean; leased_until: Date }>`
    with mine as (
      select effect_id from effects
      where effect_id = any(${effect_ids}::uuid[]) and leased_by = ${holder} and settled_at is null
      order by effect_id for update)
    update effects set leased_until = now() + make_interval(secs => ${lease_s})
    from mine where effects.effect_id = mine.effect_id
    returning effects.effect_id, attempt, abort_requested, leased_until`.execute(db)
  return rows
}

export interface AttemptRef {
  readonly effect_id: string
  readonly attempt: number
}

/** Gives an attempt up for another one later. Changes nothing when the holder has lost it. */
export async function retryLater(
  db: Kysely<Tables>,
  { effect_id, attempt, holder, due_at, error }: AttemptRef & { holder: string; due_at: string; error: string },
): Promise<void> {
  await db
    .updateTable('effects')
    .set({ attempt: attempt + 1, delivery: 0, due_at, last_error: error, leased_by: null, leased_until: null })
    .where('effect_id', '=', effect_id)
    .where('attempt', '=', attempt)
    .where('leased_by', '=', holder)
    .where('settled_at', 'is', null)
    .execute()
}

/** Closes an effect nobody waits for any more, or with an error one that could not be delivered. */
export async function closeEffect(db: Kysely<Tables>, effect_id: string, error: string | null = null): Promise<void> {
  const outcome = error === null ? 'cancelled' : 'error'
  await db
    .updateTable('effects')
    .set({ settled_at: sql<Date>`now()`, outcome, last_error: error, leased_by: null, leased_until: null })
    .where('effect_id', '=', effect_id)
    .where('settled_at', 'is', null)
    .execute()
}

/** Hands back what this process holds, as when it stops: others may claim it at once. */
export async function releaseLeases(db: Kysely<Tables>, holder: string): Promise<void> {
  await db
    .updateTable('effects')
    .set({ leased_by: null, leased_until: null })
    .where('leased_by', '=', holder)
    .where('settled_at', 'is', null)
    .execute()
}

/** Frees the leases of work only this process does: right where no other can have the database open, as with PGlite. */
export async function freeLeases(db: Kysely<Tables>, sources: readonly string[]): Promise<void> {
  await db
    .updateTable('effects')
    .set({ leased_by: null, leased_until: null })
    .where('leased_by', 'is not', null)
    .where(sql<boolean>`source = any(${sources}::text[])`)
    .where('settled_at', 'is', null)
    .execute()
}

export interface DueTimers {
  readonly now: string
  readonly known: readonly string[]
  /** The last one of the page before. */
  readonly after?: Pick<EffectRow, 'due_at' | 'effect_id'> | undefined
  readonly limit: number
}

/** Oldest first; none while the system is halted (D25). */
export async function dueTimers(db: Kysely<Tables>, { now, known, after, limit }: DueTimers): Promise<EffectRow[]> {
  return openTimers(db)
    .innerJoin('instances', 'instances.instance_id', 'effects.instance_id')
    .selectAll('effects')
    .where('due_at', '<=', new Date(now))
    .where(sql<boolean>`machine || '@' || version = any(${known}::text[])`)
    .where(sql<boolean>`not (select halted from head)`)
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(due_at, effect_id) > (${after?.due_at}, ${after?.effect_id})`),
    )
    .orderBy('due_at')
    .orderBy('effect_id')
    .limit(limit)
    .execute()
}

export async function nextTimerDue(db: Kysely<Tables>, after: string): Promise<Date | undefined> {
  const row = await openTimers(db)
    .select('due_at')
    .where('due_at', '>', new Date(after))
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst()
  return row?.due_at
}

export async function effectNamed(db: Kysely<Tables>, effect_id: string): Promise<EffectRow | undefined> {
  return db.selectFrom('effects').selectAll().where('effect_id', '=', effect_id).executeTakeFirst()
}

/** Sources of open work, to be compared with the handlers at hand. */
export async function openSources(db: Kysely<Tables>): Promise<string[]> {
  const rows = await db
    .selectFrom('effects')
    .select('source')
    .distinct()
    .where('kind', '=', 'invoke')
    .where('settled_at', 'is', null)
    .execute()
  return rows.map(({ source }) => source)
}

function openTimers(db: Kysely<Tables>) {
  return db.selectFrom('effects').where('kind', '=', 'timer').where('settled_at', 'is', null)
}

/** Whether some process holds a lease on the effect that has not run out. */
export async function effectHeld(db: Kysely<Tables>, effect_id: string): Promise<boolean> {
  const row = await db
    .selectFrom('effects')
    .select('effect_id')
    .where('effect_id', '=', effect_id)
    .where('settled_at', 'is', null)
    .where('leased_until', '>', sql<Date>`now()`)
    .executeTakeFirst()
  return row !== undefined
}
