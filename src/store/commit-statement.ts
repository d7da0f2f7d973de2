/**
 * The commit: one statement writes everything a batch of turns owes, or nothing (D1).
 *
 *   head, locked ── stands? running? ─┐
 *   instances, locked in order ───────┤ lost ── verdict ──▶ moved · born · recorded · owed · closed · aborted
 *   effects, locked in order ─────────┤                     · remembered · sealed · advanced
 *   new ids and keys ─────────────────┘
 *
 * Every write asks the verdict, so what was signed is what is written. Under the head's lock nobody else commits;
 * that makes the checks for "does not exist yet" exact.
 */
import type { Element } from './binary-array.ts'

export interface Statement {
  readonly name: string
  readonly text: string
}

export type Section = 'moves' | 'births' | 'entries' | 'debts' | 'closings' | 'aborts' | 'remembered'

type Columns = Readonly<Record<string, Element>>

const move: Columns = {
  ...{ turn: 'int', instance_id: 'uuid', expected: 'int', revision: 'int', status: 'text', state: 'text' },
  ...{ tags: 'jsonb', last_hash: 'text', snapshot: 'json', title: 'text', attributes: 'jsonb' },
  ...{ entered_state_at: 'timestamptz', updated_at: 'timestamptz' },
}

/** The columns of each part of a batch, and how they travel. */
export const columns: Readonly<Record<Section, Columns>> = {
  moves: move,
  births: {
    ...move,
    ...{ tenant: 'text', machine: 'text', version: 'text', input: 'json', parent_id: 'uuid', parent_child_id: 'text' },
  },
  entries: {
    ...{ sequence: 'bigint', instance_id: 'uuid', tenant: 'text', machine: 'text', version: 'text', revision: 'int' },
    ...{ event_id: 'uuid', event: 'json', by: 'json', at: 'timestamptz', state_before: 'text', state_after: 'text' },
    ...{ fired: 'json', dropped: 'json', correlation_id: 'text', salt: 'text', event_hash: 'text' },
    ...{ snapshot_hash: 'text', prev_hash: 'text', hash: 'text' },
  },
  debts: {
    ...{ effect_id: 'uuid', instance_id: 'uuid', tenant: 'text', child_id: 'text', kind: 'text', source: 'text' },
    ...{ payload: 'json', due_at: 'timestamptz', created_at: 'timestamptz', leased_by: 'text' },
    ...{ abort_requested: 'boolean' },
  },
  closings: { turn: 'int', effect_id: 'uuid', attempt: 'int', outcome: 'text', error: 'text' },
  aborts: { effect_id: 'uuid' },
  remembered: {
    ...{ turn: 'int', tenant: 'text', principal_id: 'text', operation: 'text', key: 'text', body_hash: 'text' },
    ...{ instance_id: 'uuid', revision: 'int' },
  },
}

/** Parameters before the arrays: head, seal and leases. */
const SCALARS = 16

const statements = new Map<string, Statement>()

/** The same text for the same sections: it is planned once per connection. */
export function statementFor(sections: readonly Section[]): Statement {
  const name = `commit ${sections.join(' ')}`
  const known = statements.get(name)
  if (known) return known
  const statement = { name, text: textFor(new Given(sections)) }
  statements.set(name, statement)
  return statement
}

/** The parts a batch has, as arrays among the parameters. */
class Given {
  readonly #first = new Map<Section, number>()

  constructor(sections: readonly Section[]) {
    let next = SCALARS + 1
    for (const section of sections) {
      this.#first.set(section, next)
      next += Object.keys(columns[section]).length
    }
  }

  /** What is made of the section, if the batch has it. */
  if(section: Section, ...parts: readonly string[]): readonly string[] {
    return this.#first.has(section) ? parts : []
  }

  array(section: Section, column: string): string {
    const at = Object.keys(columns[section]).indexOf(column)
    const type = columns[section][column]
    return `$${(this.#first.get(section) ?? 0) + at}::${type}[]`
  }

  /** All columns, or those named, as rows. */
  rows(section: Section, names: readonly string[] = Object.keys(columns[section])): string {
    return `unnest(${names.map((name) => this.array(section, name)).join(', ')}) as ${section}(${names.join(', ')})`
  }
}

function textFor(given: Given): string {
  const lost = lossesOf(given)
  return `
with
  -- Nobody reads this; it tells the planner of a parameter that this batch has no use for.
  given as (select $6::float8 as lease_s),
  head_now as materialized (select number, hash, halted from head for update),
  ${locksOf(given)
    .map((lock) => `${lock},`)
    .join('\n  ')}
  lost as materialized (
    ${lost.length > 0 ? lost.join('\n    union all\n    ') : "select 0 as turn, ''::text as what where false"}),
  verdict as materialized (
    select number = $1 and hash = $11 and (not halted or $2) and not exists (select from lost) as ok,
      number = $1 and hash = $11 as head_ok, not halted or $2 as running
    from head_now),
  ${writesOf(given).join(',\n  ')},
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

// Always in the same order, and each kind in the order of its ids: writers then wait for each other instead of
// deadlocking.
function locksOf(given: Given): string[] {
  const effects = [
    ...given.if('closings', given.array('closings', 'effect_id')),
    ...given.if('aborts', given.array('aborts', 'effect_id')),
  ]
  return [
    ...given.if(
      'moves',
      `held as materialized (
    select instance_id, revision from instances
    where (select number from head_now) = $1 and instance_id = any(${given.array('moves', 'instance_id')})
    order by instance_id for update)`,
    ),
    ...(effects.length === 0
      ? []
      : [
          `open as materialized (
    select effect_id, attempt from effects
    where (select number from head_now) = $1 and settled_at is null and effect_id = any(${effects.join(' || ')})
    order by effect_id for update)`,
        ]),
  ]
}

// What was looked up by id is compared by hash; what must not exist is looked for by index, row by row.
function lossesOf(given: Given): string[] {
  return [
    ...given.if(
      'moves',
      `select turn, 'instance' as what from ${given.rows('moves', ['turn', 'instance_id', 'expected'])}
      where (instance_id, expected) not in (select instance_id, revision from held)`,
    ),
    ...given.if(
      'births',
      `select turn, 'exists' as what from ${given.rows('births', ['turn', 'instance_id'])}
      where (select true from instances where instances.instance_id = births.instance_id limit 1)`,
    ),
    ...given.if(
      'closings',
      `select turn, 'effect' as what from ${given.rows('closings', ['turn', 'effect_id', 'attempt'])}
      where attempt is not null and (effect_id, attempt) not in (select effect_id, attempt from open)`,
    ),
    ...given.if(
      'remembered',
      `select turn, 'request' as what from ${given.rows('remembered', ['turn', 'tenant', 'principal_id', 'operation', 'key'])}
      where (select true from requests where (requests.tenant, requests.principal_id, requests.operation, requests.key)
        = (remembered.tenant, remembered.principal_id, remembered.operation, remembered.key) limit 1)`,
    ),
  ]
}

function writesOf(given: Given): string[] {
  return [
    ...given.if(
      'moves',
      `moved as (
    update instances set (revision, status, state, tags, last_hash, snapshot, title, attributes, entered_state_at, updated_at)
      = (moves.revision, moves.status, moves.state, moves.tags, moves.last_hash, moves.snapshot, moves.title, moves.attributes,
        moves.entered_state_at, moves.updated_at)
    from ${given.rows('moves')}
    where (select ok from verdict) and instances.instance_id = moves.instance_id
      and instances.instance_id = any(${given.array('moves', 'instance_id')}))`,
    ),
    ...given.if(
      'births',
      `born as (
    insert into instances (instance_id, tenant, machine, version, status, state, tags, revision, last_hash, input, snapshot,
      title, attributes, parent_id, parent_child_id, entered_state_at, created_at, updated_at)
    select instance_id, tenant, machine, version, status, state, tags, revision, last_hash, input, snapshot,
      title, attributes, parent_id, parent_child_id, entered_state_at, updated_at, updated_at
    from ${given.rows('births')} where (select ok from verdict))`,
    ),
    ...given.if(
      'entries',
      `recorded as (
    insert into journal (sequence, instance_id, tenant, machine, version, revision, event_id, event, by, at, state_before,
      state_after, fired, dropped, correlation_id, salt, event_hash, snapshot_hash, prev_hash, hash)
    select * from ${given.rows('entries')} where (select ok from verdict))`,
    ),
    ...given.if(
      'debts',
      `owed as (
    insert into effects (effect_id, instance_id, tenant, child_id, kind, source, payload, due_at, created_at, abort_requested, leased_by, leased_until, delivery)
    select effect_id, instance_id, tenant, child_id, kind, source, payload, due_at, created_at, abort_requested, leased_by,
      case when leased_by is not null then now() + make_interval(secs => $6) end, case when leased_by is null then 0 else 1 end
    from ${given.rows('debts')} where (select ok from verdict))`,
    ),
    ...given.if(
      'closings',
      `closed as (
    update effects set settled_at = now(), outcome = closings.outcome, last_error = coalesce(closings.error, effects.last_error),
      leased_by = null, leased_until = null
    from ${given.rows('closings', ['effect_id', 'outcome', 'error'])}
    where (select ok from verdict) and effects.effect_id = closings.effect_id and effects.settled_at is null
      and effects.effect_id = any(${given.array('closings', 'effect_id')}))`,
    ),
    ...given.if(
      'aborts',
      `aborted as (
    update effects set abort_requested = true
    where (select ok from verdict) and effect_id = any(${given.array('aborts', 'effect_id')}) and settled_at is null)`,
    ),
    ...given.if(
      'remembered',
      `kept as (
    insert into requests (tenant, principal_id, operation, key, body_hash, instance_id, revision)
    select tenant, principal_id, operation, key, body_hash, instance_id, revision
    from ${given.rows('remembered')} where (select ok from verdict))`,
    ),
  ]
}
