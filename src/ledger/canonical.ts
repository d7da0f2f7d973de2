/**
 * Canonical JSON (RFC 8785): one text per value, whatever the order its keys were written in. Everything that is
 * hashed, signed or compared goes through here; what rests in the database as `event` and `snapshot` is this text.
 */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item === undefined ? null : item)).join(',')}]`
  const kind = Object.getPrototypeOf(value)
  if (kind !== Object.prototype && kind !== null)
    throw new TypeError(`A ${kind.constructor?.name ?? 'thing'} has no JSON form`)
  let text = ''
  const fields = value as Record<string, unknown>
  // Array.prototype.sort compares UTF-16 code units, which is the order the RFC asks for.
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key]
    if (field === undefined) continue
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(field)}`
  }
  return `{${text}}`
}

function scalar(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
  // ECMAScript's own number and string forms are those of the RFC.
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`A ${typeof value} has no JSON form`)
  return text
}
