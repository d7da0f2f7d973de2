/** What must hold afterwards, looked at from the outside. Answers with what does not. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Acknowledged } from './load.ts'

export interface Entry {
  readonly sequence: number
  readonly revision: number
  readonly event: { readonly type: string }
}

export interface Expected extends Acknowledged {
  /** How a run may have ended. */
  readonly ends?: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: the harness looks into whatever the server answers
export type Get = (path: string) => Promise<any>

export function getFrom(url: string): Get {
  return async (path) => (await fetch(`${url}/api/v1${path}`)).json()
}

export async function check(get: Get, { runs, decided, ends = ['JUDGED', 'FINISHED'] }: Expected): Promise<string[]> {
  const wrong: string[] = []
  const expect = (holds: boolean, what: string) => {
    if (!holds) wrong.push(what)
  }
  await settled(get, [...runs.values()])
  expect(new Set(runs.values()).size === runs.size, 'two requests were answered with one run')
  const all = await everyRun(get)
  expect(all.size === runs.size, `${runs.size} runs were acknowledged, ${all.size} are there`)
  const begun: number[] = []
  for (const run_id of runs.values()) {
    expect(all.has(run_id), `run ${run_id} was acknowledged and is gone`)
    const entries = await journalOf(get, run_id)
    begun.push(entries[0]?.sequence ?? -1)
    expect(
      entries.every(({ revision, sequence }, i) => revision === i + 1 && sequence > (entries[i - 1]?.sequence ?? -1)),
      `the journal of ${run_id} has gaps or is out of order`,
    )
    for (const outcome of ['loadPolicy', 'executeTool', 'collectEvidence', 'evaluateGate']) {
      const count = entries.filter(({ event }) => event.type === `xstate.done.actor.${outcome}`).length
      expect(count <= 1, `run ${run_id} counted ${outcome} ${count} times`)
    }
    const { summary, status } = await get(`/orchestrations/runs/${run_id}`)
    expect(ends.includes(status), `run ${run_id} ended ${status}`)
    if (status === 'JUDGED') expect(summary.decision !== null, `run ${run_id} has no decision`)
  }
  for (const client of sequencesByClient([...runs.keys()], begun)) {
    expect(
      client.every((sequence, i) => sequence > (client[i - 1] ?? -1)),
      'what a client did later comes earlier in the journal',
    )
  }
  for (const approval_id of decided) {
    const { status } = await get(`/approvals/${approval_id}`)
    expect(status === 'approved', `approval ${approval_id} was acknowledged and is ${status}`)
  }
  const chain = await get('/chain/verify')
  expect(chain.valid === true, `the ledger does not hold: ${JSON.stringify(chain.broken_at ?? chain)}`)
  return wrong
}

export async function journalOf(get: Get, instance_id: string): Promise<readonly Entry[]> {
  return (await get(`/instances/${instance_id}/journal?limit=200`)).entries ?? []
}

/** A client waits for each answer before it asks for more. Keys are `client-number`. */
function sequencesByClient(keys: readonly string[], begun: readonly number[]): number[][] {
  const clients = new Map<string, number[]>()
  keys.forEach((key, index) => {
    const client = key.slice(0, key.lastIndexOf('-'))
    clients.set(client, [...(clients.get(client) ?? []), begun[index] as number])
  })
  return [...clients.values()]
}

async function settled(get: Get, ids: readonly string[]): Promise<void> {
  const deadline = Date.now() + 120_000
  for (const run_id of ids) {
    for (;;) {
      const { status } = await get(`/orchestrations/runs/${run_id}`)
      if (!['PENDING', 'RUNNING'].includes(status) || Date.now() > deadline) break
      await wait(100)
    }
  }
}

async function everyRun(get: Get): Promise<Set<string>> {
  const found = new Set<string>()
  for (let cursor = ''; ; ) {
    const page = await get(`/instances?machine=run&limit=200${cursor}`)
    for (const { instance_id } of page.instances) found.add(instance_id)
    if (page.next_cursor === null) return found
    cursor = `&cursor=${page.next_cursor}`
  }
}
