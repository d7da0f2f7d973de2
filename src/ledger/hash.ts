/** SHA-256, everywhere as 64 lower-case hex digits. */
import { hash } from 'node:crypto'

export const NO_HASH = '0'.repeat(64)

export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}
