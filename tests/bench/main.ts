/**
 * `npm run bench [-- --only events,runs,http,waiting,sealing]`: the engine against what anyone could do without one, in
 * one run on one Postgres, so that the ratios hold whatever the machine is doing. Prints tables, and what we want of
 * each figure. BENCH_JSON names a file for all of it, BENCH_SECONDS the time each row takes.
 */
import { writeFileSync } from 'node:fs'
import { compared } from './compared.ts'
import { events } from './events.ts'
import { type Ground, openGround } from './ground.ts'
import { http } from './http.ts'
import { chosenParts } from './parts.ts'
import { runs } from './runs.ts'
import { sealing } from './sealing.ts'
import { table } from './table.ts'
import { type Measured, targets } from './targets.ts'
import { waiting } from './waiting.ts'

const chosen = chosenParts(process.argv.slice(2))
const ground = await openGround()
const measured = await measuredOn(ground).finally(() => ground.close())
const wanted = targets(measured)

const tables = [measured.rows, measured.sealing?.rows, measured.sealing?.cpu, measured.starts, wanted]
for (const rows of tables) if (rows && rows.length > 0) process.stdout.write(`\n${table(rows)}\n`)
if (process.env.BENCH_JSON) {
  writeFileSync(process.env.BENCH_JSON, JSON.stringify({ ...measured, targets: wanted }, null, 2))
}

async function measuredOn(ground: Ground): Promise<Measured> {
  const parts = Object.entries({ events, runs, http }).flatMap(([name, part]) => (chosen.has(name) ? [part] : []))
  return {
    rows: await compared(ground, parts),
    sealing: chosen.has('sealing') ? await sealing(ground) : undefined,
    starts: chosen.has('waiting') ? await waiting(ground) : [],
  }
}
