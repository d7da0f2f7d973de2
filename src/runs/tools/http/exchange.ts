import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'

/** As much of a body as is kept; what comes after it is not read. */
const KEPT_BYTES = 1_048_576

export interface Sent {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface Answer {
  readonly status: number
  readonly status_text: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** There was more than is kept. */
  readonly is_cut: boolean
  /** What broke the connection before the body was complete; null when nothing did. */
  readonly broken_by: unknown
}

/** One request and its answer, over a connection of its own to one of these addresses and nowhere else. */
export async function exchange(
  { method, url, headers, body }: Sent,
  { addresses, signal }: { readonly addresses: readonly LookupAddress[]; readonly signal: AbortSignal },
): Promise<Answer> {
  const { request } = url.protocol === 'https:' ? https : http
  const sent = request(url, {
    method,
    headers: {
      ...{ 'user-agent': 'chancery', 'accept-encoding': 'identity', ...headers },
      // Said for every method: a body that came without its length would be read as a request of its own.
      ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    agent: false,
    lookup: answering(addresses),
    signal,
  })
  sent.end(body ?? undefined)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  // What breaks the connection once it has served its purpose is nobody's concern.
  sent.on('error', () => {})
  const kept = await bodyOf(response)
  return {
    status: response.statusCode ?? 0,
    status_text: response.statusMessage ?? '',
    headers: response.headers,
    ...kept,
  }
}

/** In place of the system's resolver: the addresses were asked for before, and checked. */
function answering(addresses: readonly LookupAddress[]): LookupFunction {
  return (_hostname, options, answer) => {
    const [first] = addresses
    if (first === undefined) answer(Object.assign(new Error('The host has no address'), { code: 'ENOTFOUND' }), '')
    else if (options.all) answer(null, [...addresses])
    else answer(null, first.address, first.family)
  }
}

async function bodyOf(response: IncomingMessage): Promise<Pick<Answer, 'body' | 'is_cut' | 'broken_by'>> {
  const chunks: Buffer[] = []
  let bytes = 0
  let broken_by: unknown = null
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > KEPT_BYTES) break
    }
  } catch (fault) {
    broken_by = fault
  }
  return { body: Buffer.concat(chunks).subarray(0, KEPT_BYTES), is_cut: bytes > KEPT_BYTES, broken_by }
}
