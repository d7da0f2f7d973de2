/** The body of a request: JSON of at most one mebibyte, or nothing. */
import { invalid } from '../src/params.ts'
import { Refusal } from '../src/refusal.ts'
import type { RequestContext } from './environment.ts'

const MAX_BODY_BYTES = 1024 * 1024

/** Undefined when there is no body; whether there must be one is for the operation's schema to say. */
export async function bodyOf({ req }: RequestContext): Promise<unknown> {
  if (Number(req.header('Content-Length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  const bytes = await readAtMost(req.raw.body, MAX_BODY_BYTES)
  if (bytes.length === 0) return undefined
  if (!isJson(req.header('Content-Type'))) throw unsupportedMediaType(req.header('Content-Type'))
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    const got = cause instanceof SyntaxError ? cause.message : 'text that is not UTF-8'
    throw invalid('MALFORMED_JSON', [{ field: 'body', wanted: 'JSON in UTF-8', got }])
  }
}

export function isJson(content_type: string | undefined): boolean {
  return content_type?.split(';')[0]?.trim().toLowerCase() === 'application/json'
}

export function unsupportedMediaType(content_type: string | undefined): Refusal {
  const got = content_type ?? 'none'
  return new Refusal('UNSUPPORTED_MEDIA_TYPE', `A body is sent as application/json, got ${got}`, {
    errors: [{ field: 'Content-Type', wanted: 'application/json', got }],
  })
}

function tooLarge(): Refusal {
  return new Refusal('BODY_TOO_LARGE', `A body has at most ${MAX_BODY_BYTES} bytes`, {
    errors: [{ field: 'body', wanted: `at most ${MAX_BODY_BYTES} bytes`, got: 'more' }],
  })
}

/** Stops reading where the limit is passed: what a caller says about the length is not to be relied on. */
async function readAtMost(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
