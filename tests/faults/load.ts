/**
 * Clients that start runs and decide approvals over REST, each request with a key of its own and repeated until it is
 * answered, through whichever server answers. What was answered is what must be there afterwards.
 */
import { setTimeout as wait } from 'node:timers/promises'

/** What clients were told has happened. */
export interface Acknowledged {
  /** Run id by idempotency key, in the order of the answers. */
  readonly runs: ReadonlyMap<string, string>
  /** Approval ids whose decision was acknowledged. */
  readonly decided: ReadonlySet<string>
}

export interface Load extends Acknowledged {
  readonly requests: number
  readonly repeats: number
  /** How often a request was answered with which error code; '' for one that was not answered. */
  readonly refusals: ReadonlyMap<string, number>
  /** Resolves once something more was acknowledged; false when nothing is. */
  goesOn(within_ms: number): Promise<boolean>
  /** That many more runs at once, none with a tool. */
  burst(count: number): void
  /** Ends the requests under way; throws what a client was told that it should not have been. */
  stop(): Promise<void>
}

export interface LoadOptions {
  readonly urls: readonly string[]
  readonly clients: number
  readonly random: () => number
}

/** Once there are no more faults. */
const ANSWERED_WITHIN_MS = 60_000

/** A tool the policy blocks: judged without a process, so that there can be many. */
const cheap = { nl_input: 'list the files', options: { tool_name: 'run_command', args: { program: 'ls' } } }
const kinds = [
  cheap,
  cheap,
  { nl_input: 'look ahead', options: { tool_name: 'run_vitest', dry_run: true } },
  { nl_input: 'run the tests', options: { tool_name: 'run_vitest', args: { test_path: 'tests/unit' } } },
  { nl_input: 'deploy to production', options: { tool_name: 'run_vitest', args: { test_path: 'tests/unit' } } },
]

export function startLoad({ urls, clients, random }: LoadOptions): Load {
  const runs = new Map<string, string>()
  const decided = new Set<string>()
  const refusals = new Map<string, number>()
  let requests = 0
  let stopped_at = Number.POSITIVE_INFINITY

  async function post(path: string, body: unknown, key: string): Promise<Answer> {
    for (;;) {
      const url = urls[Math.floor(random() * urls.length)] as string
      requests += 1
      const answer = await posted(`${url}/api/v1${path}`, body, key)
      if (answer !== undefined && answer.status < 500) return answer
      const code = String(answer?.body.error_code ?? '')
      refusals.set(code, (refusals.get(code) ?? 0) + 1)
      if (Date.now() > stopped_at + ANSWERED_WITHIN_MS) throw new Error('a request was never answered')
      await wait(100 + random() * 400)
    }
  }

  async function run(key: string, request: unknown): Promise<Record<string, unknown>> {
    const { status, body } = await post('/orchestrations/run?wait_s=15', request, key)
    if (status !== 200 && status !== 202) throw new Error(`a run was answered ${status}: ${JSON.stringify(body)}`)
    runs.set(key, body.run_id as string)
    return body
  }

  async function client(name: number): Promise<void> {
    for (let n = 0; Date.now() < stopped_at; n++) {
      const key = `${name}-${n}`
      const body = await run(key, kinds[Math.floor(random() * kinds.length)])
      const { approval_id } = body.links as { approval_id: string | null }
      if (approval_id === null) continue
      const decision = await post(`/approvals/${approval_id}/approve`, {}, `${key}-approve`)
      if (decision.status !== 200)
        throw new Error(`an approval was answered ${decision.status}: ${JSON.stringify(decision.body)}`)
      decided.add(approval_id)
    }
  }

  const working: Promise<unknown>[] = []
  const begin = (work: Promise<unknown>) => {
    // Told by `stop`.
    work.catch(() => {})
    working.push(work)
  }
  for (let name = 0; name < clients; name++) begin(client(name))
  return {
    ...{ runs, decided, refusals },
    get requests() {
      return requests
    },
    get repeats() {
      return refusals.values().reduce((sum, count) => sum + count, 0)
    },
    async goesOn(within_ms) {
      const before = runs.size
      const deadline = Date.now() + within_ms
      while (runs.size === before) {
        if (Date.now() > deadline) return false
        await wait(50)
      }
      return true
    },
    burst(count) {
      const name = `burst${working.length}`
      for (let n = 0; n < count; n++) begin(run(`${name}.${n}-0`, cheap))
    },
    async stop() {
      stopped_at = Date.now()
      await Promise.all(working)
    },
  }
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Undefined when there was no answer: it may have happened. The key makes asking again safe. */
export async function posted(url: string, body: unknown, key: string): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      signal: AbortSignal.timeout(20_000),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  } catch {
    return undefined
  }
}
