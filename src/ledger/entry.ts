/**
 * One step on record. The hash of an entry covers the salted hashes of its event and snapshot, not their text, so
 * a payload can be redacted later while every chain, seal and proof stays valid (D11).
 */
import type { Principal } from '../../machines/definition.ts'
import { canonical } from './canonical.ts'
import { sha256 } from './hash.ts'
import { randomHex } from './random.ts'

/** What a step leaves behind before the writer gives it its place in the log. */
export interface Draft {
  readonly instance_id: string
  readonly tenant: string
  readonly machine: string
  readonly version: string
  readonly revision: number
  readonly event_id: string
  /** Canonical text. */
  readonly event: string
  readonly by: Principal
  readonly at: string
  readonly state_before: string
  readonly state_after: string
  readonly fired: readonly string[]
  /** Sends of this step to instances that had already finished, as `event -> instance id` (D21). */
  readonly dropped: readonly string[]
  readonly correlation_id: string
  readonly salt: string
  readonly event_hash: string
  readonly snapshot_hash: string
}

export interface Entry extends Draft {
  readonly sequence: number
  readonly prev_hash: string
  readonly hash: string
}

/** 128 bits, so that a small value cannot be guessed from its hash. */
export function newSalt(): string {
  return randomHex(16)
}

export function saltedHash(salt: string, canonicalText: string): string {
  return sha256(`${salt}:${canonicalText}`)
}

export function placed(draft: Draft, sequence: number, prev_hash: string): Entry {
  return { ...draft, sequence, prev_hash, hash: entryHash({ ...draft, sequence, prev_hash }) }
}

export function entryHash(entry: Omit<Entry, 'hash' | 'event' | 'salt'>): string {
  const { at, by, correlation_id, dropped, event_hash, event_id, fired, instance_id, machine, prev_hash } = entry
  const { revision, sequence, snapshot_hash, state_after, state_before, tenant, version } = entry
  return sha256(
    canonical({
      ...{ at, by, correlation_id, dropped, event_hash, event_id, fired, instance_id, machine, prev_hash },
      ...{ revision, sequence, snapshot_hash, state_after, state_before, tenant, version },
    }),
  )
}
