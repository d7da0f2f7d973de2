/**
 * Random hex digits from the system's generator, drawn in bulk: small draws cost as much as large ones, and every
 * step needs some.
 */
import { randomFillSync } from 'node:crypto'

const drawn = Buffer.alloc(16_384)
let used = drawn.length

export function randomHex(bytes: number): string {
  if (used + bytes > drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  const text = drawn.toString('hex', used, used + bytes)
  // What was given out is kept nowhere else.
  drawn.fill(0, used, used + bytes)
  used += bytes
  return text
}
