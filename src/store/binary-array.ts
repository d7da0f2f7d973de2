/**
 * Arrays in Postgres' own binary form: neither side has to quote, escape and read text, which for a batch of many
 * rows costs as much as writing them. The types are those the commit uses.
 */

export type Element = 'int' | 'bigint' | 'boolean' | 'text' | 'json' | 'jsonb' | 'uuid' | 'timestamptz'

interface Form {
  readonly oid: number
  /** Bytes the value takes; the value is not null. */
  readonly size: (value: unknown) => number
  readonly write: (into: Buffer, value: unknown, at: number) => void
}

const HEADER = 20
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Postgres counts microseconds from the year 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1)

const forms: Record<Element, Form> = {
  int: {
    oid: 23,
    size: () => 4,
    write: (into, value, at) => into.writeInt32BE(value as number, at),
  },
  bigint: {
    oid: 20,
    size: () => 8,
    write: (into, value, at) => into.writeBigInt64BE(BigInt(value as number), at),
  },
  boolean: {
    oid: 16,
    size: () => 1,
    write: (into, value, at) => into.writeUInt8(value ? 1 : 0, at),
  },
  text: {
    oid: 25,
    size: (value) => Buffer.byteLength(value as string),
    write: (into, value, at) => into.write(value as string, at),
  },
  json: {
    oid: 114,
    size: (value) => Buffer.byteLength(value as string),
    write: (into, value, at) => into.write(value as string, at),
  },
  // Its text behind the number of the form.
  jsonb: {
    oid: 3802,
    size: (value) => 1 + Buffer.byteLength(value as string),
    write: (into, value, at) => into.write(`\x01${value}`, at),
  },
  uuid: {
    oid: 2950,
    size: () => 16,
    write(into, value, at) {
      if (!UUID.test(value as string)) throw new TypeError(`"${value}" is no UUID`)
      into.write((value as string).replaceAll('-', ''), at, 'hex')
    },
  },
  timestamptz: {
    oid: 1184,
    size: () => 8,
    write(into, value, at) {
      const ms = Date.parse(value as string)
      if (Number.isNaN(ms)) throw new TypeError(`"${value}" is no moment in time`)
      into.writeBigInt64BE(BigInt(ms - EPOCH_MS) * 1_000n, at)
    },
  },
}

/** null and undefined become null. Throws a TypeError for a value that is not of the type. */
export function binaryArray(type: Element, values: readonly unknown[]): Buffer {
  const { oid, size, write } = forms[type]
  let length = HEADER
  for (const value of values) length += 4 + (value == null ? 0 : size(value))
  const into = Buffer.allocUnsafe(length)
  into.writeInt32BE(values.length === 0 ? 0 : 1, 0)
  into.writeInt32BE(values.includes(null) || values.includes(undefined) ? 1 : 0, 4)
  into.writeInt32BE(oid, 8)
  if (values.length === 0) return into.subarray(0, HEADER - 8)
  into.writeInt32BE(values.length, 12)
  into.writeInt32BE(1, 16)
  let at = HEADER
  for (const value of values) {
    const bytes = value == null ? -1 : size(value)
    into.writeInt32BE(bytes, at)
    at += 4
    if (bytes > 0) write(into, value, at)
    at += Math.max(0, bytes)
  }
  return into
}
