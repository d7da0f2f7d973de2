/** The text of a key: told once to whoever asked for it, and from then on known to us by its hash alone. */
import { randomBytes } from 'node:crypto'
import { sha256 } from '../ledger/hash.ts'

export interface Secret {
  readonly text: string
  /** Its first characters, by which people tell keys apart. */
  readonly prefix: string
  readonly hash: string
}

export function newSecret(): Secret {
  const prefix = `chy_${randomBytes(4).toString('hex')}`
  const text = `${prefix}_${randomBytes(32).toString('base64url')}`
  return { text, prefix, hash: hashOf(text) }
}

/** One round is enough: unlike a password, the text has 256 random bits. */
export function hashOf(text: string): string {
  return sha256(text)
}
