/**
 * `npm run faults [-- --minutes n] [--only name,…]`: load over REST while servers, database, network, disk and clocks
 * fail; then everything that was acknowledged must be there, once. What this machine cannot do is printed as not run.
 */
import { parseArgs } from 'node:util'
import type { Campaign, Report } from './campaign.ts'
import { crowd } from './campaigns/crowd.ts'
import { fullDisk } from './campaigns/full-disk.ts'
import { fullDiskPGlite } from './campaigns/full-disk-pglite.ts'
import { killPGlite } from './campaigns/kill-pglite.ts'
import { killPostgres } from './campaigns/kill-postgres.ts'
import { killRunsPGlite, killRunsPostgres } from './campaigns/kill-runs.ts'
import { killServers } from './campaigns/kill-servers.ts'
import { movedClock } from './campaigns/moved-clock.ts'
import { network } from './campaigns/network.ts'
import { promoteStandby } from './campaigns/promote-standby.ts'
import { seeded } from './seeded.ts'
import { inOwnMounts, noSmallDisk } from './small-disk.ts'

const SHOWN = 20

const { values } = parseArgs({
  options: {
    /** Shared among the campaigns. */
    minutes: { type: 'string', default: '8' },
    only: { type: 'string' },
    clients: { type: 'string', default: '6' },
    kills: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
})

const onSmallDisk = [fullDisk, fullDiskPGlite]
const campaigns: readonly Campaign[] = [
  killPGlite,
  killRunsPGlite,
  killRunsPostgres,
  killServers,
  killPostgres,
  network,
  crowd,
  promoteStandby,
  ...onSmallDisk,
  movedClock,
]
const names = values.only?.split(',') ?? campaigns.map(({ name }) => name)
const chosen = names.map(campaignNamed)
if (chosen.some((campaign) => onSmallDisk.includes(campaign)) && noSmallDisk() === undefined) inOwnMounts()
const share_ms = (Number(values.minutes) * 60_000) / chosen.length
const random = seeded(Number(values.seed))
let failed = 0
for (const { name, run } of chosen) {
  const terms = { until: Date.now() + share_ms, clients: Number(values.clients), kills: Number(values.kills), random }
  const report = await run(terms).catch((cause): Report => ({ figures: 'broken off', wrong: [String(cause.stack)] }))
  process.stdout.write(`${name.padEnd(16)} ${textOf(report)}\n`)
  if ('wrong' in report) failed += report.wrong.length
}
process.stdout.write(failed === 0 ? 'nothing lost, nothing doubled\n' : `${failed} things went wrong\n`)
process.exitCode = failed === 0 ? 0 : 1

function campaignNamed(name: string): Campaign {
  const found = campaigns.find((campaign) => campaign.name === name)
  if (!found) throw new Error(`There is no campaign "${name}", only ${campaigns.map(({ name }) => name).join(', ')}`)
  return found
}

function textOf(report: Report): string {
  if ('not_run' in report) return `not run: ${report.not_run}`
  const { figures, wrong } = report
  if (wrong.length === 0) return `${figures}: all there, once`
  return [`${figures}:`, ...wrong.slice(0, SHOWN)].join('\n    ')
}
