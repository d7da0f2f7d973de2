/**
 * Approvals that nobody decides: each must expire once, not before its time and not long after it. Time is the
 * harness's own monotonic clock, whatever the servers' clocks say.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Get, journalOf } from './checks.ts'
import { posted } from './load.ts'

export interface Deadlines {
  /** Run id by idempotency key. */
  readonly runs: ReadonlyMap<string, string>
  /** Waits until all are over. Answers with what was early, late or twice, and how late the last one was. */
  over(): Promise<{ readonly wrong: readonly string[]; readonly latest_ms: number }>
}

interface Asked {
  readonly approval_id: string
  /** Before the request was sent, and after it was answered: the approval began in between. */
  readonly after: number
  readonly before: number
}

export interface DeadlineTerms {
  readonly urls: readonly string[]
  readonly get: Get
  readonly random: () => number
  readonly expires_after_ms: number
  /** No approval is asked for later (ms since 1970). */
  readonly until: number
}

const ASK_EVERY_MS = 1_500
const LOOK_EVERY_MS = 250
/** More than a server that is killed at the wrong moment can cost. */
const LATE_MS = 20_000

const request = {
  nl_input: 'deploy to production',
  options: { tool_name: 'run_vitest', args: { test_path: 'tests/unit' } },
}

export function startDeadlines({ urls, get, random, expires_after_ms, until }: DeadlineTerms): Deadlines {
  const runs = new Map<string, string>()
  const asked: Asked[] = []
  const ended = new Map<string, number>()
  let done = false

  async function ask(): Promise<void> {
    for (let n = 0; Date.now() < until; n++) {
      const after = performance.now()
      const body = await answered(`deadline-${n}`)
      const { approval_id } = body.links as { approval_id: string }
      runs.set(`deadline-${n}`, body.run_id as string)
      asked.push({ approval_id, after, before: performance.now() })
      await wait(ASK_EVERY_MS)
    }
  }

  async function answered(key: string): Promise<Record<string, unknown>> {
    for (;;) {
      const url = urls[Math.floor(random() * urls.length)] as string
      const answer = await posted(`${url}/api/v1/orchestrations/run?wait_s=15`, request, key)
      if (answer?.status === 200) return answer.body
      await wait(100)
    }
  }

  async function watch(): Promise<void> {
    while (!done) {
      await wait(LOOK_EVERY_MS)
      for (const { approval_id } of asked.filter((one) => !ended.has(one.approval_id))) {
        const approval = await get(`/approvals/${approval_id}`).catch(() => undefined)
        if (approval?.status !== undefined && approval.status !== 'pending') ended.set(approval_id, performance.now())
      }
    }
  }

  const asking = ask()
  const watching = watch()
  return {
    runs,
    async over() {
      await asking
      const last = Math.max(...asked.map(({ before }) => before)) + expires_after_ms + LATE_MS
      while (ended.size < asked.length && performance.now() < last) await wait(LOOK_EVERY_MS)
      done = true
      await watching
      const wrong: string[] = []
      let latest_ms = 0
      for (const { approval_id, after, before } of asked) {
        const end = ended.get(approval_id)
        const fired = (await journalOf(get, approval_id)).filter(({ event }) => event.type.startsWith('xstate.after.'))
        if (end === undefined) wrong.push(`approval ${approval_id} has not expired ${seconds(LATE_MS)} after its time`)
        else if (end < after + expires_after_ms)
          wrong.push(`approval ${approval_id} expired ${seconds(after + expires_after_ms - end)} early`)
        else latest_ms = Math.max(latest_ms, end - before - expires_after_ms)
        if (fired.length > 1) wrong.push(`the timer of ${approval_id} fired ${fired.length} times`)
      }
      return { wrong, latest_ms }
    },
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
