import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

const input = { label: 'a book' }
const started = async (as = ada, label = 'a book') =>
  (await server.post('/instances', { machine: 'parcel', input: { label } }, { as })).json

describe('starting', () => {
  test('a started instance is answered as it stands, with its address and its revision', async () => {
    const { status, headers, json } = await server.post('/instances', { machine: 'parcel', input }, { as: ada })
    expect(status).toBe(201)
    expect(json).toMatchObject({ machine: 'parcel', version: '1.0.0', status: 'active', state: 'open', revision: 1 })
    expect(json.context).toMatchObject({ input, owner_id: 'ada' })
    expect(headers.get('Location')).toBe(`/api/v1/instances/${json.instance_id}`)
    expect(headers.get('ETag')).toBe('"1"')
  })

  test('it accepts what its state takes and the caller may send, each with its schema', async () => {
    const { accepts } = await started()
    expect(accepts).toEqual([
      {
        type: 'pack',
        schema: expect.objectContaining({ required: ['type', 'weight_g'], additionalProperties: false }),
      },
    ])
  })

  test('a machine that starts only from inside is not started here', async () => {
    const { status, json } = await server.post('/instances', { machine: 'approval', input: {} }, { as: grace })
    expect([status, json.error_code]).toEqual([403, 'PERMISSION_DENIED'])
  })

  test('a role the machine does not name starts nothing', async () => {
    const { status, json } = await server.post('/instances', { machine: 'parcel', input }, { as: 'eve;roles=VIEWER' })
    expect([status, json.required_roles]).toEqual([403, ['USER', 'ADMIN']])
  })
})

describe('sending', () => {
  test('an event answers with the instance after the turn', async () => {
    const { instance_id } = await started()
    const { status, headers, json } = await server.post(
      `/instances/${instance_id}/events`,
      { type: 'pack', weight_g: 300 },
      { as: ada },
    )
    expect(status).toBe(200)
    expect(json).toMatchObject({ state: 'packed', revision: 2, attributes: { weight_g: 300 } })
    expect(json.accepts.map(({ type }: { type: string }) => type)).toEqual(['ship'])
    expect(headers.get('ETag')).toBe('"2"')
  })

  test('an event the state does not take is refused, saying what it would take', async () => {
    const { instance_id } = await started()
    const { status, json } = await server.post(`/instances/${instance_id}/events`, { type: 'ship' }, { as: ada })
    expect([status, json.error_code]).toEqual([409, 'EVENT_NOT_ACCEPTED'])
    expect(json.accepts).toContain('pack')
  })

  test.each(['inspected', 'seized'])('"%s" is not open to callers, whatever their roles', async (type) => {
    const { instance_id } = await started()
    const { status, json } = await server.post(`/instances/${instance_id}/events`, { type })
    expect([status, json.error_code]).toEqual([403, 'PERMISSION_DENIED'])
  })

  test('If-Match refuses a write meant for another revision', async () => {
    const { instance_id } = await started()
    const pack = { type: 'pack', weight_g: 300 }
    const send = (etag: string) =>
      server.post(`/instances/${instance_id}/events`, pack, { as: ada, headers: { 'If-Match': etag } })
    const late = await send('"7"')
    expect([late.status, late.json.error_code]).toEqual([409, 'CONCURRENT_MODIFICATION'])
    expect((await send('"1"')).status).toBe(200)
  })

  test('the same Idempotency-Key gives the same answer, and does nothing again', async () => {
    const headers = { 'Idempotency-Key': 'k-1' }
    const send = () => server.post('/instances', { machine: 'parcel', input }, { as: ada, headers })
    const [first, second] = [await send(), await send()]
    expect(second.json).toEqual(first.json)
    await server.post(`/instances/${first.json.instance_id}/events`, { type: 'pack', weight_g: 1 }, { as: ada })
    expect((await send()).json).toMatchObject({ revision: 1, state: 'open' })
  })

  test('the same key with another body, or for another instance, is a conflict', async () => {
    const headers = { 'Idempotency-Key': 'k-2' }
    const [one, other] = [await started(), await started()]
    const pack = (id: string, weight_g: number) =>
      server.post(`/instances/${id}/events`, { type: 'pack', weight_g }, { as: ada, headers })
    expect((await pack(one.instance_id, 1)).status).toBe(200)
    for (const again of [await pack(one.instance_id, 2), await pack(other.instance_id, 1)]) {
      expect([again.status, again.json.error_code]).toEqual([409, 'IDEMPOTENCY_CONFLICT'])
    }
  })
})

describe('reading', () => {
  test('the past is answered by revision', async () => {
    const { instance_id } = await started()
    await server.post(`/instances/${instance_id}/events`, { type: 'pack', weight_g: 300 }, { as: ada })
    const { json } = await server.get(`/instances/${instance_id}?revision=1`, { as: ada })
    expect(json).toMatchObject({ revision: 1, state: 'open', context: { weight_g: null } })
    const none = await server.get(`/instances/${instance_id}?revision=9`, { as: ada })
    expect([none.status, none.json.error_code, none.json.revision]).toEqual([404, 'REVISION_NOT_FOUND', 9])
  })

  test('somebody else’s instance is not read, written, journaled or verified by those who read only their own', async () => {
    const { instance_id } = await started(ada)
    for (const path of ['', '/journal', '/verify']) {
      expect((await server.get(`/instances/${instance_id}${path}`, { as: bob })).status).toBe(403)
    }
    const pack = { type: 'pack', weight_g: 1 }
    expect((await server.post(`/instances/${instance_id}/events`, pack, { as: bob })).status).toBe(403)
    expect((await server.get(`/instances/${instance_id}`, { as: grace })).status).toBe(200)
  })

  test('an instance that is not there is named', async () => {
    const instance_id = '01990000-0000-7000-8000-00000000dead'
    const { status, json } = await server.get(`/instances/${instance_id}`)
    expect([status, json.error_code, json.instance_id]).toEqual([404, 'INSTANCE_NOT_FOUND', instance_id])
  })
})

describe('listing', () => {
  test('pages follow one another by cursor, newest first, without gaps or repetition', async () => {
    const made: string[] = []
    for (const n of [1, 2, 3, 4, 5]) made.unshift((await started('zoe;roles=USER', `z ${n}`)).instance_id)
    const seen: string[] = []
    let cursor = ''
    do {
      const { json } = await server.get(`/instances?machine=parcel&limit=2${cursor}`, { as: 'zoe;roles=USER' })
      seen.push(...json.instances.map(({ instance_id }: { instance_id: string }) => instance_id))
      cursor = json.next_cursor === null ? '' : `&cursor=${json.next_cursor}`
    } while (cursor !== '')
    expect(seen).toEqual(made)
  })

  test('those who read only their own find only their own', async () => {
    await started(ada)
    await started(bob)
    const owners = async (as: string) => {
      const { json } = await server.get('/instances?limit=200', { as })
      return new Set(json.instances.map(({ attributes }: { attributes: { owner_id?: string } }) => attributes.owner_id))
    }
    expect(await owners(bob)).toEqual(new Set(['bob']))
    expect([...(await owners(grace))]).toEqual(expect.arrayContaining(['ada', 'bob']))
  })

  test('state, status, tag and text narrow the list', async () => {
    const mine = 'kim;roles=USER'
    const packed = await started(mine, 'needle one')
    await started(mine, 'needle two')
    await server.post(`/instances/${packed.instance_id}/events`, { type: 'pack', weight_g: 9 }, { as: mine })
    const count = async (query: string) => (await server.get(`/instances?${query}`, { as: mine })).json.instances.length
    expect(await count('state=packed')).toBe(1)
    expect(await count('status=active')).toBe(2)
    expect(await count('status=done')).toBe(0)
    expect(await count('tag=here')).toBe(2)
    expect(await count('q=NEEDLE')).toBe(2)
    expect(await count('q=two')).toBe(1)
  })
})
