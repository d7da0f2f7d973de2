import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

const robot = 'robot;roles=executor'
const claim = { sources: ['parcel.buyLabel'], limit: 1 }

async function shipping(): Promise<string> {
  const parcel = await server.post('/instances', { machine: 'parcel', input: { label: 'a book' } }, { as: ada })
  const { instance_id } = parcel.json
  await server.post(`/instances/${instance_id}/events`, { type: 'pack', weight_g: 1 }, { as: ada })
  await server.post(`/instances/${instance_id}/events`, { type: 'ship' }, { as: ada })
  return instance_id
}

test('an executor takes work, keeps it, and its output moves the instance on', async () => {
  const instance_id = await shipping()
  const [effect] = (await server.post('/effects/claim', claim, { as: robot })).json.effects
  expect(effect).toMatchObject({ instance_id, source: 'parcel.buyLabel', input: { label: 'a book' }, attempt: 1 })
  expect((await server.post('/effects/claim', claim, { as: robot })).json.effects).toEqual([])

  const { attempt } = effect
  const path = `/effects/${effect.effect_id}`
  expect((await server.post(`${path}/heartbeat`, { attempt }, { as: robot })).json).toEqual({ abort: false })
  const done = await server.post(`${path}/complete`, { attempt, output: { tracking: 't-1' } }, { as: robot })
  expect(done.status).toBe(200)
  const { json } = await server.get(`/instances/${instance_id}`, { as: ada })
  expect(json).toMatchObject({ status: 'done', state: 'gone', context: { tracking: 't-1' } })

  const twice = await server.post(`${path}/complete`, { attempt, output: { tracking: 't-2' } }, { as: robot })
  expect([twice.status, twice.json.error_code]).toEqual([409, 'EFFECT_NOT_HELD'])
})

test('work that cannot be done is given up, and the chart says what follows', async () => {
  const instance_id = await shipping()
  const [{ effect_id, attempt }] = (await server.post('/effects/claim', claim, { as: robot })).json.effects
  const failure = { attempt, message: 'no such street', terminal: true }
  expect((await server.post(`/effects/${effect_id}/fail`, failure, { as: robot })).status).toBe(200)
  expect((await server.get(`/instances/${instance_id}`, { as: ada })).json.state).toBe('lost')
})

test('only executors take work', async () => {
  const { status, json } = await server.post('/effects/claim', claim, { as: ada })
  expect([status, json.required_roles]).toEqual([403, ['executor']])
})

test('work that this server does itself is not handed out', async () => {
  const { status, json } = await server.post('/effects/claim', { sources: ['run.executeTool'] }, { as: robot })
  expect([status, json.error_code]).toEqual([422, 'INVALID_REQUEST'])
})

test('work that is not there is named', async () => {
  const effect_id = '01990000-0000-7000-8000-00000000dead'
  const { status, json } = await server.post(`/effects/${effect_id}/heartbeat`, { attempt: 1 }, { as: robot })
  expect([status, json.error_code, json.effect_id]).toEqual([404, 'EFFECT_NOT_FOUND', effect_id])
})
