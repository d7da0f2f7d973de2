/** The same events over HTTP: the real server in a process of its own, and this one as its clients. */
import { freshDatabase } from '../support/postgres.ts'
import type { TestServer } from '../support/server.ts'
import { startBenchServer } from './bench-server.ts'
import type { Ground } from './ground.ts'
import { type KeptConnections, keptConnections } from './kept-connections.ts'
import { type Heading, measured, type Row } from './measure.ts'
import { note } from './note.ts'
import { cpuOf } from './other-process.ts'
import { inFolder } from './places.ts'

const event = JSON.stringify({ type: 'counted', by: 1 })

export function http({ url, log }: Ground): Promise<readonly Row[]> {
  return inFolder(async (folder) => {
    const server = await startBenchServer({
      DATABASE_URL: await freshDatabase(url),
      DATA_DIR: folder,
      LOG_LEVEL: 'info',
    })
    const rows: Row[] = []
    for (const concurrency of [1, 64]) {
      const connections = keptConnections(server.url, concurrency)
      rows.push(await eventsOver(connections, server, { what: 'HTTP events, postgres', concurrency, log }))
      connections.close()
    }
    await server.stop()
    return rows
  })
}

async function eventsOver(connections: KeptConnections, server: TestServer, heading: Heading): Promise<Row> {
  const ids = await Promise.all(Array.from({ length: heading.concurrency }, () => newCounter(server)))
  const sent = ids.map(() => 0)
  const row = await measured({
    ...heading,
    cpu: () => cpuOf(server.pid),
    async work(caller) {
      const status = await connections.post(`/api/v1/instances/${ids[caller]}/events`, event)
      if (status !== 200) throw new Error(`an event was answered ${status}`)
      sent[caller] = (sent[caller] ?? 0) + 1
    },
  })
  for (const [caller, id] of ids.entries()) {
    const { body } = await server.get(`/instances/${id}`)
    if (body.context.count !== sent[caller])
      throw new Error(`${sent[caller]} events were accepted, ${body.context.count} are counted`)
  }
  return row
}

async function newCounter(server: TestServer): Promise<string> {
  const { status, body } = await server.post('/instances', { machine: 'counter', input: { note } })
  if (status !== 201) throw new Error(`a start was answered ${status}: ${JSON.stringify(body)}`)
  return body.instance_id
}
