/** The tables as Kysely sees them. Names and meaning are those of the migrations; JSON rests as canonical text. */
import type { ColumnType, Generated } from 'kysely'
import type { Principal } from '../../machines/definition.ts'

/** A `json` column: written as text, read parsed. */
type Json<T> = ColumnType<T, string, string>
type Instant = ColumnType<Date, string | Date, string | Date>
/** Filled by the database when it is not given. */
type Stamp = ColumnType<Date, string | Date | undefined, string | Date>

export interface Tables {
  head: HeadTable
  instances: InstanceTable
  journal: JournalTable
  seals: SealTable
  effects: EffectTable
  effect_results: { effect_id: string; output: Json<unknown>; created_at: Stamp }
  requests: RequestTable
  signing_keys: { key_id: string; purpose: string; public_key: string; valid_from: Stamp; valid_until: Instant | null }
  api_keys: ApiKeyTable
  artifacts: ArtifactTable
}

export interface HeadTable {
  singleton: Generated<boolean>
  number: number
  next_sequence: number
  hash: string
  frontier: string
  halted: boolean
  halt_reason: string | null
  halted_at: Instant | null
}

export interface InstanceTable {
  instance_id: string
  tenant: string
  machine: string
  version: string
  status: string
  state: string
  tags: Json<string[]>
  revision: number
  last_hash: string
  input: Json<unknown>
  snapshot: Json<unknown>
  title: string
  attributes: Json<Record<string, unknown>>
  parent_id: string | null
  parent_child_id: string | null
  entered_state_at: Instant
  created_at: Instant
  updated_at: Instant
}

export interface JournalTable {
  sequence: number
  instance_id: string
  tenant: string
  machine: string
  version: string
  revision: number
  event_id: string
  event: Json<{ type: string } & Record<string, unknown>> | null
  by: Json<Principal>
  at: Instant
  state_before: string
  state_after: string
  fired: Json<string[]>
  dropped: Json<string[]>
  correlation_id: string
  salt: string | null
  event_hash: string
  snapshot_hash: string
  prev_hash: string
  hash: string
  redacted_by: string | null
  redacted_at: Instant | null
  redaction_reason: string | null
}

export interface SealTable {
  number: number
  first_sequence: number
  count: number
  root: string
  prev_hash: string
  hash: string
  key_id: string
  signature: string
  witness_id: string
  witness_signature: string
}

export interface EffectTable {
  effect_id: string
  instance_id: string
  tenant: string
  child_id: string
  kind: 'invoke' | 'timer'
  source: string
  /** Of an invoke its input, of a timer what it delivers. */
  payload: Json<unknown>
  due_at: Instant
  attempt: number
  delivery: number
  leased_by: string | null
  leased_until: Instant | null
  abort_requested: boolean
  last_error: string | null
  created_at: Instant
  settled_at: Instant | null
  outcome: string | null
}

export interface RequestTable {
  tenant: string
  principal_id: string
  operation: string
  key: string
  body_hash: string
  instance_id: string
  revision: number
  created_at: Stamp
}

interface ApiKeyTable {
  key_id: string
  prefix: string
  hash: string
  principal_id: string
  kind: string
  tenant: string
  roles: string[]
  created_at: Stamp
  expires_at: Instant | null
  revoked_at: Instant | null
}

interface ArtifactTable {
  instance_id: string
  rel_path: string
  tenant: string
  type: string
  mime: string
  size: number
  sha256: string
  created_at: Stamp
}
