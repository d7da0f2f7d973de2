import { homedir, tmpdir } from 'node:os'
import type { ToolHost } from './tool.ts'

const SHOWN_CHARACTERS = 10_000

/** TX-4: as much of a stream as a result holds. */
export function excerpt(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return text
  return `${text.slice(0, SHOWN_CHARACTERS)}\n[truncated: ${text.length} characters in all]`
}

/**
 * What a tool says names places on this machine, which nobody who reads it needs to know: the places a server knows
 * of are shown by what they are.
 */
export function withoutPlaces(host: ToolHost): (text: string) => string {
  const places = [
    [host.workspace_root, '<workspace>'],
    [host.artifacts_root, '<artifacts>'],
    [process.cwd(), '<server>'],
    [homedir(), '<home>'],
    [tmpdir(), '<tmp>'],
  ] as const
  const named = places
    .filter(([path]) => path.length > 1)
    // The longest first, for one may lie inside another.
    .toSorted(([one], [other]) => other.length - one.length)
    .map(([path, name]) => [new RegExp(`${escaped(path)}(?![\\w-])`, 'g'), name] as const)
  return (text) => named.reduce((shown, [path, name]) => shown.replace(path, name), text)
}

/** What Postgres and JSON can hold: a tool may print NUL bytes, and a cut may split a character in two. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\\u0000')
}

/** A copy with every text in it changed, keys included. */
export function everyText<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T
  if (Array.isArray(value)) return value.map((item) => everyText(item, change)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [change(key), everyText(field, change)])) as T
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
