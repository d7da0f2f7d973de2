/**
 * `npm run bench`: the engine against what anyone could do without one, in one run on one Postgres, so that the ratios
 * hold whatever the machine is doing. Prints a table; BENCH_JSON names a file for the figures, BENCH_SECONDS the time
 * each row takes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPGlite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { counterDefinition } from '../examples/counter.ts'
import { pipelineDefinition, pipelineHandlers } from '../examples/pipeline.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { freshDatabase, startPostgres } from '../support/postgres.ts'
import { batched, onePerStep } from './baseline.ts'
import { measured, type Row } from './measure.ts'
import { watched } from './watched.ts'

/** Steps of one pipeline run: its start and five outcomes. */
const STEPS_PER_RUN = 6
const note = 'x'.repeat(200)

const server = process.env.DATABASE_URL ? undefined : await startPostgres()
const url = await freshDatabase(process.env.DATABASE_URL ?? (server?.url as string))

const base = await onePerStep(url, 64)
const limit = await batched(url, 64)
const rows: Row[] = [await onePerStep(url, 1), base, limit]
const steps = new Map<Row, number>()

for (const concurrency of [1, 16, 64, 256])
  rows.push(await onPostgres((store) => events('postgres', [store], concurrency)))
for (const kind of ['durable', 'inline'] as const) {
  for (const concurrency of [1, 64]) rows.push(await onPostgres((store) => runs('postgres', store, kind, concurrency)))
}
rows.push(await onPostgres(async (store, again) => events('two servers', [store, await again()], 64)))
for (const concurrency of [1, 64]) rows.push(await onPGlite((store) => events('pglite', [store], concurrency)))
rows.push(await onPGlite((store) => runs('pglite', store, 'durable', 64)))

const table = rows.map((row) => {
  const steps_per_s = row.per_s * (steps.get(row) ?? 1)
  return { ...row, steps_per_s, 'of baseline': ratio(steps_per_s, base), 'of limit': ratio(steps_per_s, limit) }
})
process.stdout.write(`${columns(table)}\n`)
if (process.env.BENCH_JSON) writeFileSync(process.env.BENCH_JSON, JSON.stringify(table, null, 2))
await server?.stop()

type Again = () => Promise<Store>

async function onPostgres<T>(work: (store: Store, again: Again) => Promise<T>): Promise<T> {
  const schema = `bench_${process.pid}_${Math.trunc(performance.now())}`
  const stores: Store[] = []
  const again = async () => {
    const store = await openPostgres({ url, schema })
    stores.push(store)
    return store
  }
  const result = await work(await again(), again)
  await Promise.all(stores.map((store) => store.close()))
  return result
}

async function onPGlite<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-bench-'))
  const store = await openPGlite(folder)
  const result = await work(store)
  await store.close()
  rmSync(folder, { recursive: true })
  return result
}

async function events(where: string, stores: readonly Store[], concurrency: number): Promise<Row> {
  const engines = stores.map((store) => engineOn(store, [counterDefinition]))
  for (const engine of engines) await engine.open()
  const engineOf = (caller: number) => engines[caller % engines.length] as TestEngine
  const ids = await Promise.all(
    Array.from({ length: concurrency }, async (_, caller) => {
      const { instance_id } = await engineOf(caller).start({ machine: 'counter', input: { note }, by: alice })
      return instance_id
    }),
  )
  const row = await measured(`events, ${where}`, concurrency, (caller) =>
    engineOf(caller).send({ instance_id: ids[caller] as string, event: { type: 'counted', by: 1 }, by: alice }),
  )
  await Promise.all(engines.map((engine) => engine.stop()))
  return row
}

async function runs(where: string, plain: Store, kind: 'durable' | 'inline', concurrency: number): Promise<Row> {
  const store = watched(plain)
  const engine = engineOn(store, [pipelineDefinition], { handlers: pipelineHandlers(kind) })
  await engine.open()
  const row = await measured(`${kind} runs, ${where}`, concurrency, async () => {
    const { instance_id } = await engine.start({ machine: 'pipeline', input: { note }, by: alice })
    await store.ended(instance_id)
  })
  await engine.stop()
  steps.set(row, STEPS_PER_RUN)
  return row
}

function ratio(per_s: number, to: Row): number {
  return Number((per_s / to.per_s).toFixed(2))
}

function columns(table: readonly object[]): string {
  const names = Object.keys(table[0] ?? {})
  const lines = [names, ...table.map((row) => Object.values(row).map(String))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}
