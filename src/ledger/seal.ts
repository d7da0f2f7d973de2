/**
 * A seal closes one committed batch: the root of the whole log after it, a link to the seal before, and two
 * signatures (writer and witness) over both. A seal is a checkpoint of everything up to it (D10).
 */
import { canonical } from './canonical.ts'
import { sha256 } from './hash.ts'
import type { Signer } from './keys.ts'

export interface SealBody {
  readonly number: number
  readonly first_sequence: number
  readonly count: number
  readonly root: string
  readonly prev_hash: string
}

export interface Seal extends SealBody {
  readonly hash: string
  readonly key_id: string
  readonly signature: string
  readonly witness_id: string
  readonly witness_signature: string
}

export function sealed(body: SealBody, writer: Signer, witness: Signer): Seal {
  const text = sealText(body)
  return {
    ...body,
    hash: sha256(text),
    key_id: writer.key_id,
    signature: writer.sign(text),
    witness_id: witness.key_id,
    witness_signature: witness.sign(text),
  }
}

/** The text both signatures and the seal's own hash are over. */
export function sealText({ number, first_sequence, count, root, prev_hash }: SealBody): string {
  return canonical({ count, first_sequence, number, prev_hash, root })
}
