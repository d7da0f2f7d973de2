/** What a batch of turns owes the database, and how it travels there. */
import type { Entry } from '../ledger/entry.ts'
import type { Seal } from '../ledger/seal.ts'
import { binaryArray, type Element } from './binary-array.ts'
import { columns, type Section, type Statement, statementFor } from './commit-statement.ts'

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

/** The statement for what the batch holds: what it has none of is left out, since even empty parts cost time. */
export function commitStatement(batch: Batch): Statement {
  return statementFor(sectionsOf(batch))
}

/** Seal, head and leases first, then one array per column of what the batch holds. */
export function commitParameters(batch: Batch): unknown[] {
  const { seal, halt } = batch
  const scalars = [
    ...[batch.head, batch.overrides_halt, batch.frontier, halt?.halted ?? null, halt?.reason ?? null, batch.lease_s],
    ...[seal.number, seal.first_sequence, seal.count, seal.root, seal.prev_hash, seal.hash],
    ...[seal.key_id, seal.signature, seal.witness_id, seal.witness_signature],
  ]
  const rows: Record<Section, readonly object[]> = {
    ...batch,
    aborts: batch.aborts.map((effect_id) => ({ effect_id })),
    entries: batch.entries.map((entry) => ({
      ...entry,
      by: JSON.stringify(entry.by),
      fired: JSON.stringify(entry.fired),
      dropped: JSON.stringify(entry.dropped),
    })),
  }
  return [...scalars, ...sectionsOf(batch).flatMap((section) => arraysOf(rows[section], columns[section]))]
}

function sectionsOf(batch: Batch): Section[] {
  return (Object.keys(columns) as Section[]).filter((section) => batch[section].length > 0)
}

function arraysOf(rows: readonly object[], types: Readonly<Record<string, Element>>): Buffer[] {
  return Object.entries(types).map(([name, type]) =>
    binaryArray(
      type,
      rows.map((row) => (row as Record<string, unknown>)[name]),
    ),
  )
}
