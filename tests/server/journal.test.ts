import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

const started = async (as = ada) =>
  (await server.post('/instances', { machine: 'parcel', input: { label: 'a book' } }, { as })).json.instance_id
const pack = (id: string, as = ada, headers = {}) =>
  server.post(`/instances/${id}/events`, { type: 'pack', weight_g: 1 }, { as, headers })

interface Entry {
  readonly sequence: number
  readonly instance_id: string
  readonly event: { readonly type: string }
}
const ownersOf = (entries: readonly (Entry & { by: { id: string } })[]) => new Set(entries.map(({ by }) => by.id))

describe('one instance', () => {
  test('every step is there, with who caused it and under which correlation id', async () => {
    const id = await started()
    await pack(id, ada, { 'X-Correlation-Id': 'order-7' })
    const { json } = await server.get(`/instances/${id}/journal`, { as: ada })
    expect(json.entries).toMatchObject([
      { revision: 1, state_after: 'open', by: { id: 'ada', roles: ['USER'] } },
      { revision: 2, event: { type: 'pack', weight_g: 1 }, state_before: 'open', correlation_id: 'order-7' },
    ])
    expect(json.next_revision).toBeNull()
  })

  test('a long journal comes in pages', async () => {
    const id = await started()
    await pack(id)
    const first = (await server.get(`/instances/${id}/journal?limit=1`, { as: ada })).json
    expect([first.entries.length, first.next_revision]).toEqual([1, 2])
    const second = (await server.get(`/instances/${id}/journal?from_revision=2`, { as: ada })).json
    expect(second.entries.map(({ revision }: { revision: number }) => revision)).toEqual([2])
  })

  test('it verifies', async () => {
    const id = await started()
    const { json } = await server.get(`/instances/${id}/verify`, { as: ada })
    expect(json).toMatchObject({ valid: true, entries: 1, broken_at: null })
  })
})

describe('all instances', () => {
  test('entries come in order of sequence, and `next_after` continues behind them', async () => {
    await started()
    const seen: number[] = []
    let after = -1
    for (;;) {
      const { json } = await server.get(`/journal?after=${after}&limit=3`, { as: grace })
      if (json.next_after === after) break
      seen.push(...json.entries.map(({ sequence }: Entry) => sequence))
      after = json.next_after
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('who reads only what is theirs finds nobody else’s steps', async () => {
    await started(ada)
    await started(bob)
    const { json } = await server.get('/journal', { as: bob })
    expect(ownersOf(json.entries)).toEqual(new Set(['bob']))
  })

  test('who reads no instance of a machine hears nothing of it', async () => {
    const { status, json } = await server.get('/stream?machine=parcel', { as: 'mia;roles=integration' })
    expect([status, json.error_code]).toEqual([403, 'PERMISSION_DENIED'])
  })

  test('the chain verifies, for those whose task that is', async () => {
    expect((await server.get('/chain/verify', { as: 'ann;roles=auditor' })).json.valid).toBe(true)
    expect((await server.get('/chain/verify', { as: ada })).status).toBe(403)
  })
})

describe('the stream', () => {
  test('what happens after connecting arrives, in order, with the sequence as its id', async () => {
    const stream = await listen('/stream', { as: grace })
    const id = await started()
    await pack(id)
    const events = await stream.take(2)
    expect(events.map(({ event, data }) => [event, data.instance_id, data.revision])).toEqual([
      ['entry', id, 1],
      ['entry', id, 2],
    ])
    expect(events.map(({ id, data }) => [id, String(data.sequence)]).every(([a, b]) => a === b)).toBe(true)
    await stream.close()
  })

  test('who comes back with the last id misses nothing and gets nothing twice', async () => {
    const id = await started()
    const first = await listen(`/stream?instance_id=${id}&after=-1`, { as: ada })
    const [begun] = await first.take(1)
    await first.close()
    await pack(id)
    const second = await listen(`/stream?instance_id=${id}`, { as: ada, 'Last-Event-ID': begun?.id ?? '' })
    expect((await second.take(1)).map(({ data }) => data.event?.type)).toEqual(['pack'])
    await second.close()
  })

  test('filters by machine and instance', async () => {
    const [mine, other] = [await started(), await started()]
    const stream = await listen(`/stream?machine=parcel&instance_id=${mine}`, { as: grace })
    await pack(other)
    await pack(mine)
    expect((await stream.take(1)).map(({ data }) => data.instance_id)).toEqual([mine])
    await stream.close()
  })

  test('shows nobody what they may not read', async () => {
    const stream = await listen('/stream', { as: bob })
    await started(ada)
    const own = await started(bob)
    expect((await stream.take(1)).map(({ data }) => data.instance_id)).toEqual([own])
    await stream.close()
    const foreign = await server.get(`/stream?instance_id=${await started(ada)}`, { as: bob })
    expect(foreign.status).toBe(403)
  })
})

interface Event {
  readonly id: string
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly data: any
}

/** A reader of server-sent events who takes as many as it wants. */
async function listen(path: string, { as, ...headers }: Record<string, string>) {
  const response = await server.app.request(`http://localhost/api/v1${path}`, {
    headers: { 'X-Act-As': as ?? '', ...headers },
  })
  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  return {
    async take(count: number): Promise<readonly Event[]> {
      const events: Event[] = []
      while (events.length < count) {
        const end = text.indexOf('\n\n')
        if (end < 0) {
          const { value, done } = await reader.read()
          if (done) throw new Error('The stream ended')
          text += decoder.decode(value, { stream: true })
          continue
        }
        const frame = text.slice(0, end)
        text = text.slice(end + 2)
        if (!frame.startsWith(':')) events.push(parsed(frame))
      }
      return events
    },
    close: () => reader.cancel(),
  }
}

function parsed(frame: string): Event {
  const fields = Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
  return { id: fields.id, event: fields.event, data: JSON.parse(fields.data) }
}
