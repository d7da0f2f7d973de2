/**
 * `npm run faults [-- --minutes n] [--only name,…]`: load over REST while servers, database and network fail; then
 * everything that was acknowledged must be there, once. What this machine cannot do is printed as not run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freshDatabase, startPostgres } from '../support/postgres.ts'
import { check, toolsLeft } from './checks.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { startLoad } from './load.ts'
import { proxyTo } from './proxy.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '4' },
    only: { type: 'string' },
    clients: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
  },
})
const random = seeded(Number(values.seed))

interface Campaign {
  readonly name: string
  run(until: number): Promise<string>
}

const campaigns: Campaign[] = [
  { name: 'kill-pglite', run: (until) => onPGlite(until) },
  {
    name: 'kill-servers',
    run: (until) =>
      onPostgres(until, 3, async ({ fleet }) => {
        await wait(1_000 + random() * 3_000)
        await fleet.killOne(random)
      }),
  },
  {
    name: 'kill-postgres',
    run: (until) =>
      onPostgres(until, 2, async ({ postgres }) => {
        await wait(3_000 + random() * 4_000)
        await postgres.crash()
        await wait(random() * 2_000)
        await postgres.restart()
      }),
  },
  {
    name: 'network',
    run: (until) =>
      onPostgres(until, 2, async ({ proxy }) => {
        await wait(500 + random() * 2_000)
        if (random() < 0.3) {
          proxy.delay(random() * 200)
          await wait(1_000)
          proxy.delay(0)
        } else proxy.cut()
      }),
  },
]
const impossible = {
  'promote-standby': 'the Postgres from npm brings no pg_basebackup, so there is no standby to promote',
  'full-disk': 'needs a file system of its own to fill',
  'moved-clock': 'needs the right to set the clock',
}

const chosen = campaigns.filter(({ name }) => !values.only || values.only.split(',').includes(name))
const share_ms = (Number(values.minutes) * 60_000) / chosen.length
let failed = 0
for (const { name, run } of chosen) {
  const result = await run(Date.now() + share_ms)
  process.stdout.write(`${name.padEnd(16)} ${result}\n`)
}
if (!values.only)
  for (const [name, why] of Object.entries(impossible)) process.stdout.write(`${name.padEnd(16)} not run: ${why}\n`)
process.stdout.write(failed === 0 ? 'nothing lost, nothing doubled\n' : `${failed} things went wrong\n`)
process.exitCode = failed === 0 ? 0 : 1

async function onPGlite(until: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-faults-'))
  const fleet = await startFleet([{ DATA_DIR: folder, LOG_LEVEL: 'fatal' }])
  const result = await campaign(fleet, until, async () => {
    await wait(1_000 + random() * 4_000)
    await fleet.killOne(random)
  })
  await rm(folder, { recursive: true, force: true })
  return result
}

interface Ground {
  readonly fleet: Fleet
  readonly postgres: Awaited<ReturnType<typeof startPostgres>>
  readonly proxy: Awaited<ReturnType<typeof proxyTo>>
}

async function onPostgres(until: number, servers: number, strike: (ground: Ground) => Promise<void>): Promise<string> {
  const postgres = await startPostgres()
  const proxy = await proxyTo(postgres.port)
  const folder = await mkdtemp(join(tmpdir(), 'chancery-faults-'))
  const DATABASE_URL = (await freshDatabase(postgres.url)).replace(`:${postgres.port}/`, `:${proxy.port}/`)
  const fleet = await startFleet(
    Array.from({ length: servers }, () => ({
      DATA_DIR: folder,
      DATABASE_URL,
      LOG_LEVEL: 'fatal',
      TOOL_CONCURRENCY: '2',
    })),
  )
  const result = await campaign(fleet, until, () => strike({ fleet, postgres, proxy }))
  await proxy.close()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
  return result
}

async function campaign(fleet: Fleet, until: number, strike: () => Promise<void>): Promise<string> {
  const load = startLoad({ urls: fleet.urls, clients: Number(values.clients), random })
  let strikes = 0
  while (Date.now() < until) {
    await strike()
    strikes += 1
  }
  await load.stop()
  const { checked, wrong } = await check(fleet.urls[0] as string, load)
  const codes = await fleet.stop()
  const left = await toolsLeft()
  const all = [
    ...wrong,
    ...(left.length > 0 ? [`tool processes are left: ${left.join(', ')}`] : []),
    ...(codes.some((code) => code !== 0) ? [`servers ended with ${codes.join(', ')}`] : []),
  ]
  failed += all.length
  const figures = `${strikes} strikes (${fleet.kills} kills), ${checked} runs, ${load.decided.size} approvals, ${load.requests} requests of which ${load.repeats} were repeats`
  return all.length === 0
    ? `${figures}: all there, once`
    : `${figures}:\n${all
        .slice(0, 20)
        .map((one) => `    ${one}`)
        .join('\n')}`
}

// Mulberry32: the same strikes for the same seed, as far as time allows.
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
