/**
 * The engine's tables and the ledger. What can never be added to a record later is here from the first day: salts,
 * redaction columns, the head with its frontier, the halt flag.
 */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // Postgres reads the text of each CHECK anew in every statement that writes the table, but that of a domain once:
  // the tables of the commit have domains, and a CHECK only where no domain can say it.
  await sql`create domain instance_status as text check (value in ('active', 'done', 'error', 'stopped'))`.execute(db)
  await sql`create domain effect_kind as text check (value in ('invoke', 'timer'))`.execute(db)
  await sql`create domain effect_outcome as text check (value in ('done', 'error', 'cancelled'))`.execute(db)
  await sql`create domain positive_integer as integer check (value > 0)`.execute(db)

  // One row that every commit locks, compares and moves: the end of the log.
  await sql`
    create table head (
      singleton boolean primary key default true check (singleton),
      number bigint not null,
      next_sequence bigint not null,
      hash text not null,
      frontier text not null,
      halted boolean not null default false,
      halt_reason text,
      halted_at timestamptz
    ) with (fillfactor = 10)`.execute(db)
  await sql`insert into head (number, next_sequence, hash, frontier) values (0, 1, repeat('0', 64), '0:')`.execute(db)

  // Half-empty pages and no index on anything that changes, so that a step is a HOT update (D14).
  await sql`
    create table instances (
      instance_id uuid primary key,
      tenant text not null,
      machine text not null,
      version text not null,
      status instance_status not null,
      state text not null,
      tags jsonb not null,
      revision positive_integer not null,
      last_hash text not null,
      input json not null,
      snapshot json not null,
      title text not null,
      attributes jsonb not null,
      parent_id uuid,
      parent_child_id text,
      entered_state_at timestamptz not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)`.execute(db)
  // "Which instances of this machine are there, newest first?"; everything else is filtered behind it.
  await sql`create index instances_by_machine on instances (tenant, machine, instance_id)`.execute(db)
  await sql`
    create function refuse_moving_finished() returns trigger language plpgsql as $$
    begin
      if (new.revision, new.status, new.state) is not distinct from (old.revision, old.status, old.state) then
        return new;
      end if;
      raise exception 'instance % is finished (%) and moves no more', old.instance_id, old.status
        using errcode = 'integrity_constraint_violation';
    end $$`.execute(db)
  await sql`
    create trigger finished_instances_rest before update on instances for each row
      when (old.status <> 'active') execute function refuse_moving_finished()`.execute(db)

  await sql`
    create table journal (
      sequence bigint primary key,
      instance_id uuid not null,
      tenant text not null,
      machine text not null,
      version text not null,
      revision integer not null,
      event_id uuid not null,
      event json,
      by json not null,
      at timestamptz not null,
      state_before text not null,
      state_after text not null,
      fired json not null,
      dropped json not null,
      correlation_id text not null,
      salt text,
      event_hash text not null,
      snapshot_hash text not null,
      prev_hash text not null,
      hash text not null,
      redacted_by text,
      redacted_at timestamptz,
      redaction_reason text
    )`.execute(db)
  // "What happened to this instance?", and the proof that a revision happens once.
  await sql`create unique index journal_by_instance on journal (instance_id, revision)`.execute(db)

  await sql`
    create table seals (
      number bigint primary key,
      first_sequence bigint not null unique,
      count positive_integer not null,
      root text not null,
      prev_hash text not null,
      hash text not null,
      key_id text not null,
      signature text not null,
      witness_id text not null,
      witness_signature text not null
    )`.execute(db)

  // Work owed. Settled rows stay as the record of attempts; only open ones are indexed.
  await sql`
    create table effects (
      effect_id uuid primary key,
      instance_id uuid not null,
      tenant text not null,
      child_id text not null,
      kind effect_kind not null,
      source text not null,
      payload json not null,
      due_at timestamptz not null,
      attempt integer not null default 1,
      delivery integer not null default 0,
      leased_by text,
      leased_until timestamptz,
      abort_requested boolean not null default false,
      last_error text,
      created_at timestamptz not null,
      settled_at timestamptz,
      outcome effect_outcome,
      check (num_nulls(settled_at, outcome) <> 1)
    ) with (fillfactor = 60)`.execute(db)
  // "What work of this kind is free?" and "Which timer is next?"
  await sql`create index effects_to_do on effects (source, due_at) where settled_at is null and kind = 'invoke'`.execute(
    db,
  )
  await sql`create index effects_to_fire on effects (due_at, effect_id) where settled_at is null and kind = 'timer'`.execute(
    db,
  )
  // "What did this instance ask for?"
  await sql`create index effects_by_instance on effects (instance_id)`.execute(db)
  // "Which outcomes of handlers that write here are already known?" (D24)
  await sql`
    create table effect_results (
      effect_id uuid primary key,
      output json not null,
      created_at timestamptz not null default now()
    )`.execute(db)

  await sql`
    create table requests (
      tenant text not null,
      principal_id text not null,
      operation text not null,
      key text not null,
      body_hash text not null,
      instance_id uuid not null,
      revision integer not null,
      created_at timestamptz not null default now(),
      primary key (tenant, principal_id, operation, key)
    )`.execute(db)

  await sql`
    create table signing_keys (
      key_id text primary key,
      purpose text not null check (purpose in ('writer', 'witness')),
      public_key text not null,
      valid_from timestamptz not null default now(),
      valid_until timestamptz
    )`.execute(db)
  await sql`
    create table api_keys (
      key_id uuid primary key,
      prefix text not null,
      hash text not null unique,
      principal_id text not null,
      kind text not null check (kind in ('person', 'service', 'branch', 'system')),
      tenant text not null,
      roles text[] not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz
    )`.execute(db)
  await sql`
    create table artifacts (
      instance_id uuid not null,
      rel_path text not null,
      tenant text not null,
      type text not null,
      mime text not null,
      size bigint not null check (size >= 0),
      sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
      created_at timestamptz not null default now(),
      primary key (instance_id, rel_path)
    )`.execute(db)

  await appendOnly(db)
}

// The record takes no change but one: a redaction, which empties event and salt and says who, when and why (D11).
async function appendOnly(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function refuse_rewriting() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only: % refused', tg_table_name, tg_op
        using errcode = 'integrity_constraint_violation';
    end $$`.execute(db)
  await sql`
    create function allow_redaction_only() returns trigger language plpgsql as $$
    begin
      if old.redacted_at is null and num_nulls(new.redacted_at, new.redacted_by, new.redaction_reason) = 0
        and new.event is null and new.salt is null and (to_jsonb(new) - '{event,salt,redacted_by,redacted_at,redaction_reason}'::text[])
          = (to_jsonb(old) - '{event,salt,redacted_by,redacted_at,redaction_reason}'::text[])
      then
        if exists (select from instances where instance_id = old.instance_id and status = 'active') then
          raise exception 'instance % is living: only finished ones are redacted', old.instance_id
            using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end if;
      raise exception 'journal is append-only: only a redaction may change entry %', old.sequence
        using errcode = 'integrity_constraint_violation';
    end $$`.execute(db)
  await sql`create trigger journal_keeps before update on journal for each row execute function allow_redaction_only()`.execute(
    db,
  )
  await sql`create trigger journal_stays before delete on journal for each row execute function refuse_rewriting()`.execute(
    db,
  )
  for (const table of ['journal', 'seals']) {
    await sql`create trigger ${sql.ref(`${table}_whole`)} before truncate on ${sql.table(table)} for each statement execute function refuse_rewriting()`.execute(
      db,
    )
  }
  await sql`create trigger seals_stay before update or delete on seals for each row execute function refuse_rewriting()`.execute(
    db,
  )
  await sql`create trigger keys_stay before update or delete on signing_keys for each row execute function refuse_rewriting()`.execute(
    db,
  )
}
