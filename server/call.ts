/** A request as the registry takes it: raw parameters and the headers that mean something to operations. */
import type { Principal } from '../machines/definition.ts'
import { invalid } from '../src/params.ts'
import type { Call } from '../src/registry.ts'
import { bodyOf } from './body.ts'
import type { RequestContext } from './environment.ts'

export async function callFrom(c: RequestContext, principal: Principal, stopping: AbortSignal): Promise<Call> {
  const { req } = c
  return {
    principal,
    params: { path: req.param() as Record<string, string>, query: queryOf(req.queries()), body: await bodyOf(c) },
    correlation_id: c.get('correlation_id'),
    signal: AbortSignal.any([req.raw.signal, stopping]),
    idempotency_key: idempotencyKey(req.header('Idempotency-Key')),
    expected_revision: revisionFrom(req.header('If-Match')),
    last_event_id: req.header('Last-Event-ID'),
    respond_async: prefersAsync(req.header('Prefer')),
  }
}

function queryOf(queries: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(queries).map(([field, values]) => {
      const [value = ''] = values
      if (values.length === 1 && value !== '') return [field, value]
      throw invalid('INVALID_REQUEST', [{ field, wanted: 'one value', got: value === '' ? 'none' : values.length }])
    }),
  )
}

function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x20-\x7e]{1,255}$/.test(header)) return header
  throw invalid('INVALID_REQUEST', [{ field: 'Idempotency-Key', wanted: '1 to 255 ASCII characters', got: 'others' }])
}

/** The ETag of an instance is its revision. */
function revisionFrom(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const [, revision] = /^"(\d{1,15})"$/.exec(header) ?? []
  if (revision !== undefined) return Number(revision)
  throw invalid('INVALID_REQUEST', [{ field: 'If-Match', wanted: 'one ETag, as in "7"', got: header }])
}

/** RFC 7240: preferences nobody knows are passed over. */
function prefersAsync(header = ''): boolean {
  return header.split(',').some((preference) => preference.split(';')[0]?.trim().toLowerCase() === 'respond-async')
}
