/**
 * Ids are UUIDs of version 7: their first 48 bits are the moment they were made, so they sort by age.
 * A derived id follows from the event that caused it, so a step that is run again makes the same ids (D17).
 */
import { hash } from 'node:crypto'
import { randomHex } from '../ledger/random.ts'

let lastMillisecond = 0
let counter = 0

/** A new id at the given time (ms since 1970). Ids of one process keep the order they were made in, within a ms too. */
export function newId(at_ms: number): string {
  if (at_ms > lastMillisecond) {
    lastMillisecond = at_ms
    counter = 0
  } else if (++counter > 0xfff) {
    lastMillisecond += 1
    counter = 0
  }
  return uuid7(lastMillisecond.toString(16).padStart(12, '0'), counter.toString(16).padStart(3, '0'), randomHex(8))
}

/** The lowest id anything made at that time (ms since 1970) can have. */
export function firstIdAt(at_ms: number): string {
  return uuid7(Math.max(0, at_ms).toString(16).padStart(12, '0'), '000', '0'.repeat(16))
}

/** The id of the n-th thing called `name` that the event brings about. */
export function derivedId(event_id: string, name: string, n = 0): string {
  const digest = hash('sha256', `${event_id}/${name}/${n}`, 'hex')
  return uuid7(event_id.slice(0, 8) + event_id.slice(9, 13), digest.slice(0, 3), digest.slice(3, 19))
}

/** The id of a thing there is only one of, from its natural key: creating it twice conflicts (D18). */
export function naturalId(...key: readonly string[]): string {
  const digest = hash('sha256', JSON.stringify(key), 'hex')
  return uuid7(digest.slice(20, 32), digest.slice(0, 3), digest.slice(3, 19))
}

function uuid7(time: string, high: string, low: string): string {
  const variant = ((Number.parseInt(low.slice(0, 1), 16) & 0x3) | 0x8).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${variant}${low.slice(1, 4)}-${low.slice(4)}`
}
