/**
 * Canonical JSON (RFC 8785): one text per value, whatever the order its keys were written in. Everything that is
 * hashed, signed or compared goes through here; what rests in the database as `event` and `snapshot` is this text.
 */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalar(value)
  // ECMAScript's own form is that of the RFC once the keys are in order, and it is made several times faster.
  if (isInOrder(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item === undefined ? null : item)).join(',')}]`
  if (!isPlain(value)) throw new TypeError(`A ${value.constructor?.name ?? 'thing'} has no JSON form`)
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

// Whether the value has a JSON form and all its keys, at every depth, are written in order already.
function isInOrder(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      if (value === null) return true
      if (Array.isArray(value)) return value.every((item) => item === undefined || isInOrder(item))
      return isPlain(value) && areInOrder(value as Record<string, unknown>)
    default:
      return false
  }
}

function areInOrder(fields: Record<string, unknown>): boolean {
  let before = ''
  for (const key of Object.keys(fields)) {
    if (key < before) return false
    before = key
  }
  for (const key of Object.keys(fields)) {
    const field = fields[key]
    if (field !== undefined && !isInOrder(field)) return false
  }
  return true
}

function isPlain(value: object): boolean {
  const kind = Object.getPrototypeOf(value)
  return kind === Object.prototype || kind === null
}
