/**
 * What of a context matters to where a machine can go next, for any machine: whether a value is there, yes and no,
 * short words, and numbers as none, one or more. A machine whose guards look closer, or not so close, says so in its cases.
 */
const SHORT = 40
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/

export type Projection = (context: Readonly<Record<string, unknown>>) => unknown

export const projected: Projection = ({ moment: _, ...context }) => shape(context)

function shape(value: unknown): unknown {
  if (typeof value === 'string') return word(value)
  if (typeof value === 'number') return amount(value)
  if (Array.isArray(value)) return { many: amount(value.length) }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shape(part)]))
}

function word(text: string): string {
  if (UUID.test(text)) return 'an id'
  if (INSTANT.test(text)) return 'an instant'
  return text.length <= SHORT ? text : 'a text'
}

function amount(number: number): number | string {
  if (number === 0 || number === 1) return number
  return number < 0 ? 'less' : 'more'
}
