/**
 * The commit: one statement writes everything a batch of turns owes, or nothing (D1).
 *
 *   head, locked ── stands? running? ─┐
 *   instances, locked in order ───────┤ lost ── verdict ──▶ moved · born · recorded · owed · closed · aborted
 *   effects, locked in order ─────────┤                     · remembered · sealed · advanced
 *   new ids and keys ─────────────────┘
 *
 * Every write joins the verdict, so what was signed is what is written. Under the head's lock nobody else commits;
 * that makes the checks for "does not exist yet" exact.
 */
import type { Entry } from '../ledger/entry.ts'
import type { Seal } from '../ledger/seal.ts'
import { binaryArray, type Element } from './binary-array.ts'

export interface Birth extends Move {
  readonly tenant: string
  readonly machine: string
  readonly version: string
  readonly input: string
  readonly parent_id: string | null
  readonly parent_child_id: string | null
}

export interface Move {
  readonly turn: number
  readonly instance_id: string
  /** The revision this turn began from; 0 when the instance is born in it. */
  readonly expected: number
  readonly revision: number
  readonly status: string
  readonly state: string
  readonly tags: string
  readonly last_hash: string
  readonly snapshot: string
  readonly title: string
  readonly attributes: string
  readonly entered_state_at: string
  readonly updated_at: string
}

export interface Debt {
  readonly effect_id: string
  readonly instance_id: string
  readonly tenant: string
  readonly child_id: string
  readonly kind: 'invoke' | 'timer'
  readonly source: string
  readonly payload: string
  readonly due_at: string
  readonly created_at: string
  readonly leased_by: string | null
  /** Called back by the very turn that asks for it. */
  readonly abort_requested: boolean
}

export interface Closing {
  readonly turn: number
  readonly effect_id: string
  /** The attempt whose outcome this is: the turn is lost when it is no longer open. Null: it may be gone already. */
  readonly attempt: number | null
  readonly outcome: 'done' | 'error' | 'cancelled'
  readonly error: string | null
}

export interface Remembered {
  readonly turn: number
  readonly tenant: string
  readonly principal_id: string
  readonly operation: string
  readonly key: string
  readonly body_hash: string
  readonly instance_id: string
  readonly revision: number
}

export interface Batch {
  /** The seal number the head stood at when the batch was signed. */
  readonly head: number
  /** Only turns of the orchestrator machine commit while the system is halted. */
  readonly overrides_halt: boolean
  readonly halt: { readonly halted: boolean; readonly reason: string | null } | null
  readonly frontier: string
  readonly seal: Seal
  readonly entries: readonly Entry[]
  readonly moves: readonly Move[]
  readonly births: readonly Birth[]
  readonly debts: readonly Debt[]
  readonly closings: readonly Closing[]
  readonly aborts: readonly string[]
  readonly remembered: readonly Remembered[]
  readonly lease_s: number
}

export interface Loss {
  readonly turn: number
  readonly what: 'instance' | 'effect' | 'request' | 'exists'
}

export interface Verdict {
  readonly ok: boolean
  readonly head_ok: boolean
  readonly running: boolean
  readonly lost: readonly Loss[]
}

const move =
  'turn instance_id expected revision status state tags last_hash snapshot title attributes entered_state_at updated_at'
const columns = {
  moves: [move, 'int uuid int int text text text text text text text timestamptz timestamptz'],
  births: [
    `${move} tenant machine version input parent_id parent_child_id`,
    'int uuid int int text text text text text text text timestamptz timestamptz text text text text uuid text',
  ],
  entries: [
    'sequence instance_id tenant machine version revision event_id event by at state_before state_after fired dropped correlation_id salt event_hash snapshot_hash prev_hash hash',
    'bigint uuid text text text int uuid text text timestamptz text text text text text text text text text text',
  ],
  debts: [
    'effect_id instance_id tenant child_id kind source payload due_at created_at leased_by abort_requested',
    'uuid uuid text text text text text timestamptz timestamptz text boolean',
  ],
  closings: ['turn effect_id attempt outcome error', 'int uuid int text text'],
  remembered: [
    'turn tenant principal_id operation key body_hash instance_id revision',
    'int text text text text text uuid int',
  ],
} as const

type Section = keyof typeof columns

const SCALARS = 17

export interface Statement {
  readonly name: string
  readonly text: string
}

/** The statement for what the batch holds: what it has none of is left out, since even empty parts cost time. */
export function commitStatement(batch: Batch): Statement {
  const held = (Object.keys(columns) as Section[]).filter((section) => batch[section].length > 0)
  if (batch.aborts.length > 0 && !held.includes('closings')) held.push('closings')
  const name = `commit ${held.join(' ')}`
  const known = statements.get(name)
  if (known) return known
  const statement = { name, text: textFor(new Set(held)) }
  statements.set(name, statement)
  return statement
}

const statements = new Map<string, Statement>()

/** Seal, head and leases first, then one array per column of what the batch holds. */
export function commitParameters(batch: Batch): unknown[] {
  const { seal, halt } = batch
  const scalars = [
    ...[batch.head, batch.overrides_halt, batch.frontier, halt?.halted ?? null, halt?.reason ?? null, batch.lease_s],
    ...[seal.number, seal.first_sequence, seal.count, seal.root, seal.prev_hash, seal.hash],
    ...[seal.key_id, seal.signature, seal.witness_id, seal.witness_signature, binaryArray('uuid', batch.aborts)],
  ]
  const rows = {
    ...batch,
    entries: batch.entries.map((entry) => ({
      ...entry,
      by: JSON.stringify(entry.by),
      fired: JSON.stringify(entry.fired),
      dropped: JSON.stringify(entry.dropped),
    })),
  }
  const held = commitStatement(batch).name.split(' ').slice(1)
  const sections = (Object.keys(columns) as Section[]).filter((section) => held.includes(section))
  return [...scalars, ...sections.flatMap((section) => columnsOf(rows[section], columns[section]))]
}

function columnsOf(rows: readonly object[], [names, types]: readonly [string, string]): Buffer[] {
  const typeOf = types.split(' ') as Element[]
  return names.split(' ').map((name, column) =>
    binaryArray(
      typeOf[column] as Element,
      rows.map((row) => (row as Record<string, unknown>)[name]),
    ),
  )
}

function textFor(held: ReadonlySet<Section>): string {
  let next = SCALARS + 1
  const from = Object.fromEntries(
    (Object.keys(columns) as Section[])
      .filter((section) => held.has(section))
      .map((section) => {
        const [names, types] = columns[section]
        const arrays = types.split(' ').map((type) => `$${next++}::${type}[]`)
        return [section, `select * from unnest(${arrays.join(', ')}) as s(${names.replaceAll(' ', ', ')})`]
      }),
  )
  const parts = (Object.keys(columns) as Section[]).filter((section) => held.has(section))
  const locks = parts.flatMap((section) => partsOf[section].lock ?? [])
  const losses = parts.flatMap((section) => partsOf[section].lost ?? [])
  return `
with
  -- Nobody reads this; it tells the planner of parameters that this batch has no use for.
  given as (select $6::float8 as lease_s, $17::uuid[] as aborts),
  head_now as materialized (select number, hash, halted from head for update),
  ${parts.map((section) => `${section} as materialized (${from[section]}),`).join('\n  ')}
  ${locks.map((lock) => `${lock},`).join('\n  ')}
  lost as materialized (
    ${losses.length > 0 ? losses.join('\n    union all\n    ') : "select 0 as turn, ''::text as what where false"}),
  verdict as materialized (
    select number = $1 and hash = $11 and (not halted or $2) and not exists (select from lost) as ok,
      number = $1 and hash = $11 as head_ok, not halted or $2 as running
    from head_now),
  ${parts.flatMap((section) => partsOf[section].write).join(',\n  ')},
  sealed as (
    insert into seals (number, first_sequence, count, root, prev_hash, hash, key_id, signature, witness_id, witness_signature)
    select $7::bigint, $8::bigint, $9::int, $10, $11, $12, $13, $14, $15, $16 where (select ok from verdict)),
  advanced as (
    update head set number = $7, next_sequence = $8::bigint + $9::int, hash = $12, frontier = $3,
      halted = coalesce($4::boolean, halted),
      halt_reason = case when $4::boolean is null then halt_reason when $4 then $5 end,
      halted_at = case when $4::boolean is null then halted_at when $4 then now() end
    where (select ok from verdict))
select ok, head_ok, running,
  coalesce((select json_agg(json_build_object('turn', turn, 'what', what)) from lost), '[]') as lost
from verdict`
}

/** What each part of a batch locks, how it can lose, and what it writes. */
const partsOf: Record<Section, { readonly lock?: string; readonly lost?: string; readonly write: readonly string[] }> =
  {
    moves: {
      lock: `held as materialized (
    select instance_id, revision from instances
    where (select number from head_now) = $1 and instance_id = any(array(select instance_id from moves))
    order by instance_id for update)`,
      lost: `select turn, 'instance' as what from moves
      where (instance_id, expected) not in (select instance_id, revision from held)`,
      write: [
        `moved as (
    update instances i set (revision, status, state, tags, last_hash, snapshot, title, attributes, entered_state_at, updated_at)
      = (m.revision, m.status, m.state, m.tags::jsonb, m.last_hash, m.snapshot::json, m.title, m.attributes::jsonb, m.entered_state_at, m.updated_at)
    from moves m where (select ok from verdict) and i.instance_id = m.instance_id
      and i.instance_id = any(array(select instance_id from moves)))`,
      ],
    },
    births: {
      lost: `select turn, 'exists' as what from births
      where (select true from instances where instances.instance_id = births.instance_id limit 1)`,
      write: [
        `born as (
    insert into instances (instance_id, tenant, machine, version, status, state, tags, revision, last_hash, input, snapshot,
      title, attributes, parent_id, parent_child_id, entered_state_at, created_at, updated_at)
    select instance_id, tenant, machine, version, status, state, tags::jsonb, revision, last_hash, input::json, snapshot::json,
      title, attributes::jsonb, parent_id, parent_child_id, entered_state_at, updated_at, updated_at
    from births where (select ok from verdict))`,
      ],
    },
    entries: {
      write: [
        `recorded as (
    insert into journal (sequence, instance_id, tenant, machine, version, revision, event_id, event, by, at, state_before,
      state_after, fired, dropped, correlation_id, salt, event_hash, snapshot_hash, prev_hash, hash)
    select sequence, instance_id, tenant, machine, version, revision, event_id, event::json, by::json, at, state_before,
      state_after, fired::json, dropped::json, correlation_id, salt, event_hash, snapshot_hash, prev_hash, hash
    from entries where (select ok from verdict))`,
      ],
    },
    debts: {
      write: [
        `owed as (
    insert into effects (effect_id, instance_id, tenant, child_id, kind, source, payload, due_at, created_at, abort_requested, leased_by, leased_until, delivery)
    select effect_id, instance_id, tenant, child_id, kind, source, payload::json, due_at, created_at, abort_requested, leased_by,
      case when leased_by is not null then now() + make_interval(secs => $6) end, case when leased_by is null then 0 else 1 end
    from debts where (select ok from verdict))`,
      ],
    },
    closings: {
      lock: `open as materialized (
    select effect_id, attempt from effects
    where (select number from head_now) = $1 and settled_at is null
      and effect_id = any(array(select effect_id from closings) || $17::uuid[])
    order by effect_id for update)`,
      lost: `select turn, 'effect' as what from closings
      where attempt is not null and (effect_id, attempt) not in (select effect_id, attempt from open)`,
      write: [
        `closed as (
    update effects e set settled_at = now(), outcome = c.outcome, last_error = coalesce(c.error, e.last_error), leased_by = null, leased_until = null
    from closings c where (select ok from verdict) and e.effect_id = c.effect_id and e.settled_at is null
      and e.effect_id = any(array(select effect_id from closings)))`,
        `aborted as (
    update effects e set abort_requested = true
    where (select ok from verdict) and e.effect_id = any($17::uuid[]) and e.settled_at is null)`,
      ],
    },
    remembered: {
      lost: `select turn, 'request' as what from remembered r
      where (select true from requests q
        where (q.tenant, q.principal_id, q.operation, q.key) = (r.tenant, r.principal_id, r.operation, r.key) limit 1)`,
      write: [
        `kept as (
    insert into requests (tenant, principal_id, operation, key, body_hash, instance_id, revision)
    select tenant, principal_id, operation, key, body_hash, instance_id, revision from remembered where (select ok from verdict))`,
      ],
    },
  }
