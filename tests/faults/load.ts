/**
 * Clients that start runs and decide approvals over REST, each request with a key of its own and repeated until it is
 * answered, through whichever server answers. What was answered is what must be there afterwards.
 */
export interface Load {
  /** Run id by idempotency key, as acknowledged. */
  readonly runs: ReadonlyMap<string, string>
  /** Approval ids whose decision was acknowledged. */
  readonly decided: ReadonlySet<string>
  readonly requests: number
  readonly repeats: number
  stop(): Promise<void>
}

const kinds = [
  // A tool the policy blocks: judged without a process, so that there are many.
  { nl_input: 'list the files', options: { tool_name: 'run_command', args: { program: 'ls' } } },
  { nl_input: 'list the files', options: { tool_name: 'run_command', args: { program: 'ls' } } },
  { nl_input: 'look ahead', options: { tool_name: 'run_vitest', dry_run: true } },
  { nl_input: 'run the tests', options: { tool_name: 'run_vitest', args: { test_path: 'tests/unit' } } },
  { nl_input: 'deploy to production', options: { tool_name: 'run_vitest', args: { test_path: 'tests/unit' } } },
]

export function startLoad(options: { urls: readonly string[]; clients: number; random: () => number }): Load {
  const { urls, clients, random } = options
  const runs = new Map<string, string>()
  const decided = new Set<string>()
  const counts = { requests: 0, repeats: 0 }
  let stopped = false

  async function post(
    path: string,
    body: unknown,
    key: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    for (;;) {
      const url = urls[Math.floor(random() * urls.length)] as string
      counts.requests += 1
      try {
        const response = await fetch(`${url}/api/v1${path}`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          signal: AbortSignal.timeout(20_000),
        })
        const answer = { status: response.status, body: (await response.json()) as Record<string, unknown> }
        if (answer.status < 500) return answer
      } catch {
        // Not answered: it may have happened. The key makes asking again safe.
      }
      counts.repeats += 1
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async function client(name: number): Promise<void> {
    for (let n = 0; !stopped; n++) {
      const key = `client-${name}-${n}`
      const request = kinds[Math.floor(random() * kinds.length)]
      const { status, body } = await post('/orchestrations/run?wait_s=15', request, key)
      if (status !== 200 && status !== 202) throw new Error(`a run was answered ${status}: ${JSON.stringify(body)}`)
      runs.set(key, body.run_id as string)
      const { approval_id } = body.links as { approval_id: string | null }
      if (approval_id === null) continue
      const decision = await post(`/approvals/${approval_id}/approve`, {}, `${key}-approve`)
      if (decision.status !== 200)
        throw new Error(`an approval was answered ${decision.status}: ${JSON.stringify(decision.body)}`)
      decided.add(approval_id)
    }
  }

  const working = Promise.all(Array.from({ length: clients }, (_, name) => client(name)))
  working.catch(() => {})
  return {
    runs,
    decided,
    get requests() {
      return counts.requests
    },
    get repeats() {
      return counts.repeats
    },
    async stop() {
      stopped = true
      await working
    },
  }
}
