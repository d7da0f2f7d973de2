/** What anyone could do without an engine, on the same Postgres in the same run: the figures ours are divided by. */
import pg from 'pg'
import type { Ground } from './ground.ts'
import { measured, type Row } from './measure.ts'

const snapshot = JSON.stringify({ status: 'active', value: 'counting', context: { count: 1, note: 'x'.repeat(200) } })
const event = JSON.stringify({ type: 'counted', by: 1 })

/** One autocommitted statement per step: updates a snapshot and inserts a journal row. The best of some pool sizes. */
export async function onePerStep({ url, log }: Ground, concurrency: number): Promise<Row> {
  const rows: Row[] = []
  for (const size of [8, 16, 32].filter((size) => size <= Math.max(8, concurrency))) {
    const pool = new pg.Pool({ connectionString: url, max: size })
    const schema = await tables(pool, `baseline_${concurrency}_${size}`, concurrency)
    const text = `with moved as (update ${schema}.instances set revision = revision + 1, snapshot = $2 where id = $1 returning id, revision)
      insert into ${schema}.journal (id, revision, event) select id, revision, $3 from moved`
    rows.push(
      await measured({
        ...{ what: 'baseline: one statement per step', concurrency, log },
        work: (caller) => pool.query({ name: 'step', text, values: [caller + 1, snapshot, event] }),
      }),
    )
    await pool.end()
  }
  return rows.sort((a, b) => b.per_s - a.per_s)[0] as Row
}

/** The same rows, as many steps per statement as there are callers, and nothing else: what batching alone can give. */
export async function batched({ url, log }: Ground, concurrency: number): Promise<Row> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const schema = await tables(pool, `batched_${concurrency}`, concurrency)
  const ids = Array.from({ length: concurrency }, (_, caller) => caller + 1)
  const values = [ids, ids.map(() => snapshot), ids.map(() => event)]
  const text = `with wanted as (select * from unnest($1::int[], $2::text[], $3::text[]) as w(id, snapshot, event)),
    moved as (update ${schema}.instances i set revision = revision + 1, snapshot = w.snapshot::json from wanted w where i.id = w.id returning i.id, i.revision, w.event)
    insert into ${schema}.journal (id, revision, event) select id, revision, event::json from moved`
  const row = await measured({
    ...{ what: 'batching limit', concurrency: 1, steps: concurrency, log },
    work: () => pool.query({ name: 'batch', text, values }),
  })
  await pool.end()
  return { ...row, concurrency }
}

async function tables(pool: pg.Pool, schema: string, instances: number): Promise<string> {
  await pool.query(`create schema ${schema};
    create table ${schema}.instances (id int primary key, revision int not null, snapshot json not null) with (fillfactor = 50);
    create table ${schema}.journal (sequence bigserial primary key, id int not null, revision int not null, event json not null, at timestamptz not null default now());
    insert into ${schema}.instances select i, 0, '{}' from generate_series(1, ${instances}) i`)
  return schema
}
