/**
 * `npm run bench`: engine events against what anyone could do without an engine, in one run on one Postgres, so that
 * the ratios hold whatever the machine is doing. Prints a table and writes JSON where BENCH_JSON says.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openPGlite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { counterDefinition } from '../examples/counter.ts'
import { alice, engineOn } from '../support/engine.ts'
import { startPostgres } from '../support/postgres.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 3)

interface Row {
  readonly what: string
  readonly concurrency: number
  readonly per_s: number
  readonly p50_ms: number
  readonly p99_ms: number
  /** CPU time of this process, in cores. */
  readonly cores: number
}

const server = process.env.DATABASE_URL ? undefined : await startPostgres()
const url = process.env.DATABASE_URL ?? (server?.url as string)
const rows: Row[] = []

rows.push(await baseline(64))
const store = await openPostgres({ url, schema: `bench_${process.pid}` })
for (const concurrency of [1, 16, 64, 256]) rows.push(await events('postgres', store, concurrency))
await store.close()
const folder = mkdtempSync(join(tmpdir(), 'chancery-bench-'))
const pglite = await openPGlite(folder)
for (const concurrency of [1, 64]) rows.push(await events('pglite', pglite, concurrency))
await pglite.close()
rmSync(folder, { recursive: true })
await server?.stop()

const base = rows[0]?.per_s as number
const table = rows.map((row) => ({ ...row, 'of baseline': Number((row.per_s / base).toFixed(2)) }))
process.stdout.write(`${columns(table)}\n`)
if (process.env.BENCH_JSON) writeFileSync(process.env.BENCH_JSON, JSON.stringify(table, null, 2))

/** One autocommitted statement per step: updates a snapshot and inserts a journal row, through pg, best pool size of a few. */
async function baseline(concurrency: number): Promise<Row> {
  const best: Row[] = []
  for (const size of [8, 16, 32]) {
    const pool = new pg.Pool({ connectionString: url, max: size })
    const schema = `baseline_${process.pid}_${size}`
    await pool.query(`create schema ${schema};
      create table ${schema}.instances (id int primary key, revision int not null, snapshot json not null) with (fillfactor = 50);
      create table ${schema}.journal (sequence bigserial primary key, id int not null, revision int not null, event json not null, at timestamptz not null default now());
      insert into ${schema}.instances select i, 0, '{}' from generate_series(1, ${concurrency}) i`)
    const text = `with moved as (update ${schema}.instances set revision = revision + 1, snapshot = $2 where id = $1 returning id, revision)
      insert into ${schema}.journal (id, revision, event) select id, revision, $3 from moved`
    const snapshot = JSON.stringify({
      status: 'active',
      value: 'counting',
      context: { count: 1, note: 'x'.repeat(200) },
    })
    const event = JSON.stringify({ type: 'counted', by: 1 })
    best.push(
      await measured('baseline: one statement per step', concurrency, (worker) =>
        pool.query({ name: 'step', text, values: [worker + 1, snapshot, event] }),
      ),
    )
    await pool.end()
  }
  return best.sort((a, b) => b.per_s - a.per_s)[0] as Row
}

async function events(name: string, store: Store, concurrency: number): Promise<Row> {
  const engine = engineOn(store, [counterDefinition])
  await engine.open()
  const ids = await Promise.all(
    Array.from(
      { length: concurrency },
      async () => (await engine.start({ machine: 'counter', input: { note: 'x'.repeat(200) }, by: alice })).instance_id,
    ),
  )
  const row = await measured(`engine events, ${name}`, concurrency, (worker) =>
    engine.send({ instance_id: ids[worker] as string, event: { type: 'counted', by: 1 }, by: alice }),
  )
  await engine.stop()
  return row
}

async function measured(what: string, concurrency: number, work: (worker: number) => Promise<unknown>): Promise<Row> {
  const until = performance.now() + SECONDS * 1000
  const warm = performance.now() + SECONDS * 200
  const latencies: number[] = []
  let cpu = process.cpuUsage()
  let began = performance.now()
  let warmed = false
  await Promise.all(
    Array.from({ length: concurrency }, async (_, worker) => {
      while (performance.now() < until) {
        if (!warmed && performance.now() > warm) {
          warmed = true
          latencies.length = 0
          cpu = process.cpuUsage()
          began = performance.now()
        }
        const start = performance.now()
        await work(worker)
        latencies.push(performance.now() - start)
      }
    }),
  )
  const elapsed = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return {
    ...{ what, concurrency, p50_ms: at(0.5), p99_ms: at(0.99) },
    per_s: Math.round(latencies.length / elapsed),
    cores: Number(((user + system) / 1e6 / elapsed).toFixed(2)),
  }
}

function columns(table: readonly object[]): string {
  const names = Object.keys(table[0] ?? {})
  const lines = [names, ...table.map((row) => Object.values(row).map(String))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}
