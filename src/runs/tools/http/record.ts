/** What is kept of a request and its answer, free of what would let a reader act as somebody else. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { redacted } from '../redaction.ts'
import type { Answer, Sent } from './exchange.ts'
import type { Journey } from './follow.ts'

const HIDDEN = '[REDACTED]'
const tellsWhoOneIs = /auth|cookie|token|secret|password|credential|api-?key|session/i

/** What a browser would run as a page is kept as plain text. */
const suffixes: readonly (readonly [content_type: RegExp, suffix: string])[] = [
  [/^[^;]*[/+]json\b/, 'json'],
  [/^(text\/|[^;]*[/+]xml\b)/, 'txt'],
  [/^image\/png/, 'png'],
  [/^image\/jpeg/, 'jpg'],
  [/^image\/webp/, 'webp'],
]

/** `http/request.json`, `http/response.json` and `http/body.*` in the call's directory. */
export async function keep(directory: string, { requests, answer }: Journey): Promise<void> {
  const folder = join(directory, 'http')
  await mkdir(folder)
  const [first, ...redirects] = requests.map(shownRequest)
  await writeFile(join(folder, 'request.json'), asJson({ ...first, redirects }))
  if (answer === null) return
  await writeFile(join(folder, 'response.json'), asJson(shownAnswer(answer)))
  if (answer.body.length > 0) await writeFile(join(folder, `body.${suffixOf(answer)}`), answer.body)
}

export function shownRequest({ method, url, headers, body }: Sent) {
  return { method, url: shownUrl(url), headers: shownHeaders(headers), body: shownBody(body) }
}

/** A secret in the query counts like one in a header. */
export function shownUrl(url: URL): string {
  const shown = new URL(url)
  for (const name of new Set(shown.searchParams.keys())) {
    if (tellsWhoOneIs.test(name)) shown.searchParams.set(name, HIDDEN)
  }
  return shown.href
}

function shownAnswer({ status, status_text, headers, body, is_cut }: Answer) {
  return { status, status_text, headers: shownHeaders(headers), body_bytes: body.length, body_is_cut: is_cut }
}

function shownHeaders(headers: Readonly<Record<string, string | string[] | undefined>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, tellsWhoOneIs.test(name) ? HIDDEN : value]),
  )
}

function shownBody(body: string | null): unknown {
  if (body === null) return null
  try {
    return redacted(JSON.parse(body))
  } catch {
    return redacted(body)
  }
}

function suffixOf({ headers }: Answer): string {
  const content_type = headers['content-type']?.toLowerCase() ?? ''
  return suffixes.find(([pattern]) => pattern.test(content_type))?.[1] ?? 'bin'
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
