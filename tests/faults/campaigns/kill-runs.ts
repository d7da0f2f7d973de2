/**
 * kill -9 at a random moment of a run whose tool is a real process, time after time, each with the runs before it
 * perhaps not ended yet. Every run ends with one decision, and the tools of a dead server are gone at once.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Campaign, type Plan, type Report, stopped, type Terms } from '../campaign.ts'
import { check, type Get, getFrom, journalOf } from '../checks.ts'
import type { Ground } from '../ground.ts'
import { leasesOnPostgres } from '../leases.ts'
import { posted } from '../load.ts'
import { onPGlite } from '../on-pglite.ts'
import { onPostgres } from '../on-postgres.ts'

const GONE_WITHIN_MS = 10_000

const request = { nl_input: 'run the tests', options: { tool_name: 'run_vitest', args: { test_path: 'tests/unit' } } }

export const killRunsPGlite: Campaign = {
  name: 'kill-runs-pglite',
  run: (terms) => onPGlite({}, (place) => killRuns(terms, place)),
}

export const killRunsPostgres: Campaign = {
  name: 'kill-runs-postgres',
  run: (terms) =>
    onPostgres({ servers: 1 }, (place) => killRuns(terms, { ...place, leases: () => leasesOnPostgres(place.url()) })),
}

async function killRuns(
  { kills, random }: Terms,
  { fleet, ground, leases }: Pick<Plan, 'fleet' | 'ground' | 'leases'>,
): Promise<Report> {
  const url = fleet.urls[0] as string
  const get = getFrom(url)
  const runs = new Map<string, string>()
  const start = async (key: string) => {
    const answer = await posted(`${url}/api/v1/orchestrations/runs`, request, key)
    if (answer?.status !== 202) throw new Error(`a run was answered ${JSON.stringify(answer)}`)
    const run_id = answer.body.run_id as string
    runs.set(key, run_id)
    return run_id
  }
  const lasts_ms = await lengthOf(await start('run-0'), get)
  let inTheMiddle = 0
  let atWork = 0
  let leftOver = 0
  while (fleet.kills < kills) {
    const run_id = await start(`run-${runs.size}`)
    await wait(random() * lasts_ms)
    if (await isUnderWay(run_id, get)) inTheMiddle += 1
    const tools = await ground.tools()
    if (tools.length > 0) atWork += 1
    await fleet.kill(0, async () => {
      leftOver += (await thatStay([...tools, ...(await ground.tools())], ground)).length
    })
  }
  const wrong = await check(get, { runs, decided: new Set(), ends: ['JUDGED'] })
  let decisions = 0
  for (const run_id of runs.values()) {
    const decided = (await journalOf(get, run_id)).filter(
      ({ event }) => event.type === 'xstate.done.actor.evaluateGate',
    )
    const { summary } = await get(`/orchestrations/runs/${run_id}`)
    decisions += decided.length
    if (decided.length !== 1) wrong.push(`run ${run_id} was decided ${decided.length} times`)
    if (summary.decision !== 'PASS') wrong.push(`run ${run_id} was decided ${summary.decision}`)
  }
  if (leftOver > 0) wrong.push(`${leftOver} tool processes outlived their server`)
  wrong.push(...(await stopped({ fleet, ground, leases })))
  const left = (await ground.processes()).length
  return {
    figures: [
      `${fleet.kills} kills (${inTheMiddle} in the middle of the run just begun, ${atWork} with a tool at work)`,
      `${runs.size} runs, ${decisions} decisions, ${leftOver + left} leftover processes`,
    ].join(', '),
    wrong,
  }
}

async function isUnderWay(run_id: string, get: Get): Promise<boolean> {
  return ['PENDING', 'RUNNING'].includes((await get(`/orchestrations/runs/${run_id}`)).status)
}

async function lengthOf(run_id: string, get: Get): Promise<number> {
  const begun = performance.now()
  while (await isUnderWay(run_id, get)) await wait(20)
  return performance.now() - begun
}

/** Those that are still there after a while. */
async function thatStay(tools: readonly string[], ground: Ground): Promise<readonly string[]> {
  const deadline = Date.now() + GONE_WITHIN_MS
  for (;;) {
    const now = new Set(await ground.tools())
    const staying = [...new Set(tools)].filter((pid) => now.has(pid))
    if (staying.length === 0 || Date.now() > deadline) return staying
    await wait(50)
  }
}
