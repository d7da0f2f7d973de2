/** Events of a small machine, each caller on an instance of its own: by an engine in this process, and by two servers. */
import { type ChildProcess, fork } from 'node:child_process'
import type { Store } from '../../src/store/store.ts'
import { openCounters } from './counters.ts'
import type { Ground } from './ground.ts'
import { type Heading, measured, type Row, rowOf, type Sample } from './measure.ts'
import { freshSchema, onPGlite, onPostgres } from './places.ts'

export async function events({ url, log }: Ground): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const concurrency of [1, 16, 64, 256]) {
    const heading = { what: 'events, postgres', concurrency, log }
    rows.push(await onPostgres(url, (store) => counted(store, heading)))
  }
  rows.push(await countedByTwo(url, { what: 'events, two servers', concurrency: 64, log }))
  for (const concurrency of [1, 64]) {
    rows.push(await onPGlite((store) => counted(store, { what: 'events, pglite', concurrency })))
  }
  return rows
}

async function counted(store: Store, heading: Heading): Promise<Row> {
  const counters = await openCounters(store, heading.concurrency)
  const row = await measured({ ...heading, work: counters.count })
  await counters.stop()
  return row
}

const SERVER = new URL('./counting-server.ts', import.meta.url)

async function countedByTwo(url: string, heading: Heading): Promise<Row> {
  const schema = freshSchema()
  const servers: ChildProcess[] = []
  // One after the other: the first makes the tables.
  for (const callers of [heading.concurrency / 2, heading.concurrency / 2]) {
    const server = fork(SERVER, [url, schema, String(callers)])
    servers.push(server)
    await saidBy(server)
  }
  return rowOf(heading, () =>
    Promise.all(
      servers.map((server) => {
        server.send('count')
        return saidBy(server) as Promise<Sample>
      }),
    ),
  )
}

function saidBy(server: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    server.once('message', resolve)
    server.once('exit', (code) => reject(new Error(`a counting server ended with ${code}`)))
  })
}
