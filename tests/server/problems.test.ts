import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Refusal } from '../../src/refusal.ts'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

test('nothing is there: 404, as a problem document', async () => {
  const { status, json } = await server.get('/nothing')
  expect([status, json.error_code, json.instance]).toEqual([404, 'ROUTE_NOT_FOUND', '/api/v1/nothing'])
})

test('another method is there: 405, saying which', async () => {
  const { status, headers, json } = await server.delete('/instances')
  expect([status, json.error_code, json.methods]).toEqual([405, 'METHOD_NOT_ALLOWED', ['GET', 'HEAD', 'POST']])
  expect(headers.get('Allow')).toBe('GET, HEAD, POST')
})

test('the id of a request goes in and out, and into the log', async () => {
  const { headers, json } = await server.get('/nothing', { headers: { 'X-Correlation-Id': 'order-7' } })
  expect([headers.get('X-Correlation-Id'), json.correlation_id]).toEqual(['order-7', 'order-7'])
  expect(server.logged.at(-1)).toMatchObject({ correlation_id: 'order-7', status: 404, method: 'GET', msg: 'request' })
})

test('a fault tells the caller nothing but where to ask, and the log everything', async () => {
  const broken = vi.spyOn(server.engine, 'head').mockRejectedValue(new Error('select secret from head failed'))
  const { status, json, text } = await server.get('/metrics')
  broken.mockRestore()
  expect([status, json.error_code]).toEqual([500, 'INTERNAL_ERROR'])
  expect(text).not.toContain('secret')
  const fault = server.logged.find(
    ({ msg, correlation_id }) => msg === 'fault' && correlation_id === json.correlation_id,
  )
  expect(JSON.stringify(fault)).toContain('select secret from head failed')
})

test.each([
  ['OVERLOADED', { retry_after_s: 2 }, '2'],
  ['SYSTEM_HALTED', { halt_reason: 'chain' }, null],
  ['STOPPING', { retry_after_s: 0.2 }, '1'],
])('%s is 503', async (code, fields, retryAfter) => {
  const refused = vi.spyOn(server.engine, 'start').mockRejectedValue(new Refusal(code, 'Not now', fields))
  const { status, headers, json } = await server.post('/instances', { machine: 'parcel', input: { label: 'a' } })
  refused.mockRestore()
  expect([status, json.error_code, headers.get('Retry-After')]).toEqual([503, code, retryAfter])
  expect(json).toMatchObject(fields)
})

test('while the database does not answer the server is not ready, and still alive', async () => {
  const broken = vi.spyOn(server.engine, 'head').mockRejectedValue(new Error('no connection'))
  const ready = await server.get('/ready')
  expect([ready.status, ready.json.error_code]).toEqual([503, 'NOT_READY'])
  expect((await server.get('/health')).status).toBe(200)
  broken.mockRestore()
})

test('a code only a machine knows is a conflict with its state', async () => {
  const refused = vi
    .spyOn(server.engine, 'start')
    .mockRejectedValue(new Refusal('MOON_NOT_FULL', 'Wait for it', { phase: 3 }))
  const { status, json } = await server.post('/instances', { machine: 'parcel', input: { label: 'a' } })
  refused.mockRestore()
  expect([status, json.error_code, json.phase]).toEqual([409, 'MOON_NOT_FULL', 3])
})

test('one line per request: what, how long, who; never a header, a query or a body', async () => {
  await server.post('/instances', { machine: 'parcel', input: { label: 'confidential' } }, { as: 'ada;roles=USER' })
  await server.get('/instances?q=confidential', { headers: { Cookie: 'confidential' } })
  const [post, get] = server.logged.slice(-2)
  expect(post).toMatchObject({ operation: 'instance.start', path: '/api/v1/instances', status: 201, principal: 'ada' })
  expect(get).toMatchObject({ operation: 'instance.list', status: 200, duration_ms: expect.any(Number) })
  expect(JSON.stringify(server.logged)).not.toContain('confidential')
})
