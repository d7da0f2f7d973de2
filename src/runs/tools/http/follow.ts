import type { PolicyConfig } from '../../../../machines/run/policy.ts'
import { ToolBlocked } from '../tool.ts'
import { type Answer, exchange, type Sent } from './exchange.ts'
import { checkedAddresses, checkTarget, type Lookup } from './fence.ts'

const MOST_REDIRECTS = 5
const redirects = new Set([301, 302, 303, 307, 308])
/** What another origin may be told of a request that was meant for the first. */
const toldToAnybody = new Set(['accept', 'accept-language', 'content-type', 'user-agent'])

export interface Journey {
  /** The request and where it was redirected to; the last one may have been stopped at the fence. */
  readonly requests: readonly Sent[]
  /** To the last of them. */
  readonly answer: Answer | null
  /** Why it went no further; null when it came to its end. */
  readonly fault: unknown
}

export interface Means {
  readonly policy: PolicyConfig
  readonly lookup: Lookup
  readonly signal: AbortSignal
  readonly follow_redirects: boolean
}

/** Sends a request, and follows it where its answers point if it was asked to. What goes wrong on the way is told, not thrown. */
export async function follow(first: Sent, { policy, lookup, signal, follow_redirects }: Means): Promise<Journey> {
  const requests: Sent[] = []
  let answer: Answer | null = null
  try {
    for (let next: Sent | null = first; next !== null; ) {
      if (requests.length > MOST_REDIRECTS) throw new Error(`Stopped after ${MOST_REDIRECTS} redirects`)
      requests.push(next)
      answer = null
      checkTarget(policy, next.method, next.url)
      const addresses = await unlessAborted(signal, checkedAddresses(policy, next.url, lookup))
      answer = await exchange(next, { addresses, signal })
      if (answer.broken_by !== null) throw answer.broken_by
      next = follow_redirects ? redirected(next, answer) : null
    }
    return { requests, answer, fault: null }
  } catch (fault) {
    // Before anything was sent, whoever forbids it forbids the call as a whole.
    if (fault instanceof ToolBlocked && requests.length === 1) throw fault
    return { requests, answer, fault }
  }
}

/** The system's resolver cannot be called off, but need not be waited for. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const stop = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([aborted.promise, work])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** As browsers do it: only 307 and 308 repeat the method and the body. */
function redirected({ method, url, headers, body }: Sent, { status, headers: { location } }: Answer): Sent | null {
  if (!redirects.has(status) || location === undefined) return null
  if (!URL.canParse(location, url)) throw new Error(`The redirect leads to no address: "${location}"`)
  const next = new URL(location, url)
  if (!/^https?:$/.test(next.protocol)) throw new Error(`The redirect leads to ${next.protocol}, not to http or https`)
  next.username = next.password = ''
  const repeats = status === 307 || status === 308 || method === 'GET' || method === 'HEAD'
  const kept = next.origin === url.origin ? headers : pick(headers, toldToAnybody)
  if (repeats) return { method, url: next, headers: kept, body }
  return { method: 'GET', url: next, headers: without(kept, 'content-type'), body: null }
}

function pick(headers: Sent['headers'], names: ReadonlySet<string>): Sent['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.has(name.toLowerCase())))
}

function without(headers: Sent['headers'], left: string): Sent['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== left))
}
