import { z } from 'zod'
import { timeUp } from './command.ts'
import type { Answer, Sent } from './http/exchange.ts'
import { checkTarget } from './http/fence.ts'
import { follow, type Journey } from './http/follow.ts'
import { keep, shownRequest, shownUrl } from './http/record.ts'
import { type Ran, type Tool, ToolBlocked, type ToolCall } from './tool.ts'

const reads = ['GET', 'HEAD'] as const
const methods = [...reads, 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Of the connection, or such that another host or method would be meant than the policy was asked about. */
const refusedHeader =
  /^(host|connection|content-length|expect|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|x-http-method(-override)?|x-method-override)$/i

const url = z
  .string()
  .max(8000)
  .refine((text) => /^https?:$/.test(asUrl(text)?.protocol ?? ''), 'must be an http or https address')
  .refine((text) => asUrl(text)?.username === '' && asUrl(text)?.password === '', 'must not hold credentials')

const headers = z.record(
  z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header')
    .refine((name) => !refusedHeader.test(name), 'is not the caller’s to set'),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be one line'),
)

/** A status, or a range of them with both its ends: `"200-299"`. */
const statuses = z.union([
  z.int().min(100).max(599),
  z.string().regex(/^[1-5]\d\d-[1-5]\d\d$/, 'must be a status or a range such as "200-299"'),
])

const args = z.strictObject({
  method: z.enum(methods).default('GET'),
  url,
  headers: headers.default({}),
  body: z.string().nullable().default(null),
  expect_status: z.array(statuses).min(1).default(['200-399']),
  expect_body_contains: z.string().min(1).optional(),
  follow_redirects: z.boolean().default(false),
})
type Args = z.infer<typeof args>

/** Sends one request to a host that the policy lists by name. */
export const httpRequest: Tool<Args> = {
  name: 'http_request',
  description: 'Sends a request to a listed host and checks the answer',
  version: '1.0.0',
  tags: ['http'],
  effects: 'mutate',
  effects_of: ({ method }) => (reads.some((read) => read === method) ? 'read' : 'mutate'),
  rerunnable: false,
  sandboxable: false,
  args,
  risk_text: ({ method, url, body }) => [method, readable(url), ...(body === null ? [] : [body])].join(' '),

  async prepare(wanted, call) {
    const first: Sent = {
      method: wanted.method,
      url: new URL(wanted.url),
      headers: wanted.headers,
      body: wanted.body,
    }
    checkTarget(call.policy, first.method, first.url)
    const { expect_status, follow_redirects } = wanted
    return {
      planned: {
        ...shownRequest(first),
        ...{ expect_status, follow_redirects, timeout_s: call.timeout_s, artifact_dir: call.artifact_dir },
      },
      run: () => run(call, wanted, first),
    }
  },
}

async function run(call: ToolCall, wanted: Args, first: Sent): Promise<Ran> {
  const { policy, host } = call
  const { follow_redirects } = wanted
  const time = AbortSignal.timeout(call.timeout_s * 1000)
  const signal = AbortSignal.any([call.signal, time])
  const journey = await follow(first, { policy, lookup: host.lookup, signal, follow_redirects })
  await keep(call.directory, journey)
  const verdict = verdictOf(call, wanted, journey, time)
  const { requests, answer } = journey
  const passed = verdict.status === 'success'
  return {
    ...verdict,
    stdout: answer === null ? '' : `${first.method} ${shownUrl(first.url)}: ${told(answer)}\n`,
    stderr: verdict.error_message ?? '',
    metrics: {
      ...{ steps_total: 1, steps_passed: passed ? 1 : 0, steps_failed: passed ? 0 : 1 },
      http_status: answer?.status ?? null,
      timed_out: verdict.status === 'timeout',
    },
    raw_output: {
      ...{ http_status: answer?.status ?? null, redirects: requests.length - 1 },
      ...(journey.fault instanceof ToolBlocked ? { decision_source: 'policy_block' } : {}),
    },
  }
}

function verdictOf(
  call: ToolCall,
  wanted: Args,
  { answer, fault }: Journey,
  time: AbortSignal,
): Pick<Ran, 'status' | 'fault' | 'error_message'> {
  if (fault === null) {
    const problem = unmet(wanted, answer)
    return problem === null ? { status: 'success', error_message: null } : { status: 'failed', error_message: problem }
  }
  if (call.signal.aborted) return { status: 'cancelled', error_message: 'http_request was cancelled' }
  if (time.aborted) return { status: 'timeout', fault: 'timed_out', error_message: timeUp(call, 'http_request') }
  return { status: 'failed', ...connectionFault(fault), error_message: reasonOf(fault) }
}

function unmet({ expect_status, expect_body_contains }: Args, answer: Answer | null): string | null {
  if (answer === null) return 'There was no answer'
  if (!expect_status.some((expected) => holds(expected, answer.status))) {
    return `Expected status ${expect_status.join(', ')}, got ${answer.status}`
  }
  if (expect_body_contains === undefined || answer.body.includes(expect_body_contains)) return null
  const where = answer.is_cut ? `the first ${answer.body.length} bytes of the body` : 'the body'
  return `Expected ${where} to contain "${expect_body_contains}"`
}

function holds(expected: number | string, status: number): boolean {
  if (typeof expected === 'number') return expected === status
  const [least = 0, most = 0] = expected.split('-').map(Number)
  return least <= status && status <= most
}

/** Refused or broken, as the system calls it. */
const broken = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'])

function connectionFault(fault: unknown): Pick<Ran, 'fault'> {
  const { code = '' } = fault as NodeJS.ErrnoException
  return broken.has(code) ? { fault: 'connection' } : {}
}

/** Where several addresses were tried, the system says only a code. */
function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault)
  return fault.message || (fault as NodeJS.ErrnoException).code || fault.name
}

function told({ status, status_text, body, is_cut }: Answer): string {
  return `${status} ${status_text}, ${is_cut ? 'more than ' : ''}${body.length} bytes`
}

/** So that no word hides behind its percent signs. */
function readable(url: string): string {
  try {
    return decodeURIComponent(url)
  } catch {
    return url
  }
}

function asUrl(text: string): URL | null {
  return URL.parse(text)
}
