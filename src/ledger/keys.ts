/**
 * Ed25519 keys of the ledger. They are made at first start and kept with the data: one signs as the writer, the
 * other as the witness. A key's id is the hash of its public part, so an id can never mean two keys.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from './hash.ts'

export type KeyPurpose = 'writer' | 'witness'

export interface Signer {
  readonly key_id: string
  /** SPKI, PEM. */
  readonly public_key: string
  readonly purpose: KeyPurpose
  /** Base64. */
  sign(text: string): string
}

/** The key of that purpose in the folder, made when there is none yet. Two processes starting at once agree on one. */
export function keptKey(folder: string, purpose: KeyPurpose): Signer {
  const path = join(folder, `${purpose}.pem`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!existsSync(path)) make(path)
  return signerFrom(createPrivateKey(readFileSync(path, 'utf8')), purpose)
}

/** A key of this process alone: for tests and for data that is not kept. */
export function passingKey(purpose: KeyPurpose): Signer {
  return signerFrom(generateKeyPairSync('ed25519').privateKey, purpose)
}

export function signatureHolds(public_key: string, text: string, signature: string): boolean {
  return verify(null, Buffer.from(text), createPublicKey(public_key), Buffer.from(signature, 'base64'))
}

// Linked into place whole, so that nobody ever reads half a key and the first of two makers wins.
function make(path: string): void {
  const draft = `${path}.${process.pid}`
  const fresh = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(draft, fresh, { mode: 0o600, flush: true })
  try {
    linkSync(draft, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  } finally {
    unlinkSync(draft)
  }
}

/** Follows from the key itself, so that no other can be put in its place. */
export function keyId(public_key: string): string {
  return sha256(public_key).slice(0, 32)
}

function signerFrom(key: KeyObject, purpose: KeyPurpose): Signer {
  const public_key = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  return {
    key_id: keyId(public_key),
    public_key,
    purpose,
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64'),
  }
}
