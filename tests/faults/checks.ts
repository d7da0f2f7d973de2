/** What must hold afterwards, looked at from the outside. Answers with what does not. */
import { readdir, readFile } from 'node:fs/promises'
import type { Load } from './load.ts'

interface Entry {
  readonly sequence: number
  readonly revision: number
  readonly event: { readonly type: string }
}

export interface Findings {
  readonly checked: number
  readonly wrong: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: the harness looks into whatever the server answers
type Get = (path: string) => Promise<any>

export async function check(url: string, load: Load): Promise<Findings> {
  const wrong: string[] = []
  const expect = (holds: boolean, what: string) => {
    if (!holds) wrong.push(what)
  }
  const get: Get = async (path) => (await fetch(`${url}/api/v1${path}`)).json()

  await settled(get, [...load.runs.values()])
  expect(new Set(load.runs.values()).size === load.runs.size, 'two requests were answered with one run')
  const all = await everyRun(get)
  expect(all.size === load.runs.size, `${load.runs.size} runs were acknowledged, ${all.size} are there`)
  for (const run_id of load.runs.values()) {
    expect(all.has(run_id), `run ${run_id} was acknowledged and is gone`)
    const { entries } = (await get(`/instances/${run_id}/journal?limit=200`)) as { entries: Entry[] }
    expect(
      entries.every(({ revision }, index) => revision === index + 1),
      `the journal of ${run_id} has gaps`,
    )
    for (const outcome of ['loadPolicy', 'executeTool', 'collectEvidence', 'evaluateGate']) {
      const count = entries.filter(({ event }) => event.type === `xstate.done.actor.${outcome}`).length
      expect(count <= 1, `run ${run_id} counted ${outcome} ${count} times`)
    }
    const { summary, status } = await get(`/orchestrations/runs/${run_id}`)
    expect(['JUDGED', 'FINISHED'].includes(status), `run ${run_id} ended ${status}`)
    if (status === 'JUDGED') expect(summary.decision !== null, `run ${run_id} has no decision`)
  }
  for (const approval_id of load.decided) {
    const { status } = await get(`/approvals/${approval_id}`)
    expect(status === 'approved', `approval ${approval_id} was acknowledged and is ${status}`)
  }
  const chain = await get('/chain/verify')
  expect(chain.valid === true, `the ledger does not hold: ${JSON.stringify(chain.broken_at)}`)
  return { checked: load.runs.size, wrong }
}

/** Processes that bear an effect's mark and have no server any more. */
export async function toolsLeft(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const marked = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).includes('CHANCERY_EFFECT_ID=') ? [pid] : [],
    ),
  )
  return marked.flat()
}

async function settled(get: Get, ids: readonly string[]): Promise<void> {
  const deadline = Date.now() + 120_000
  for (const run_id of ids) {
    for (;;) {
      const { status } = await get(`/orchestrations/runs/${run_id}`)
      if (!['PENDING', 'RUNNING'].includes(status) || Date.now() > deadline) break
      await new Promise((resolve) => setTimeout(resolve, 100))
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
