/** A server on loopback that has no keys: open to whoever works at this machine, closed to the pages they visit. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

const start = (headers: Record<string, string>) =>
  server.post('/instances', { machine: 'parcel', input: { label: 'a book' } }, { headers })

test('whoever reaches it is the operator, with every role', async () => {
  const { json } = await start({})
  expect(json.context.moment.by).toMatchObject({ id: 'operator:local', kind: 'person', tenant: 'default' })
  expect(json.context.moment.by.roles).toEqual(expect.arrayContaining(['ADMIN', 'USER', 'founder', 'keeper']))
})

test('X-Act-As tries out what others may do', async () => {
  const { json } = await start({ 'X-Act-As': 'carol; roles=USER, VIEWER' })
  expect(json.context.moment.by).toEqual({ id: 'carol', kind: 'person', tenant: 'default', roles: ['USER', 'VIEWER'] })
})

test.each(['carol', 'carol;roles=KING', ';roles=USER', 'carol;tenant=x'])('X-Act-As: %s is refused', async (as) => {
  const { status, json } = await start({ 'X-Act-As': as })
  expect([status, json.errors[0].field]).toEqual([422, 'X-Act-As'])
})

test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1:3000'])(
  'a Host of %s is refused: its name may have been pointed here',
  async (host) => {
    for (const reply of [await start({ Host: host }), await server.get('/machines', { headers: { Host: host } })]) {
      expect([reply.status, reply.json.error_code]).toEqual([403, 'HOST_FORBIDDEN'])
    }
  },
)

test.each(['localhost:3000', '127.0.0.1:3000', '[::1]:3000'])('a Host of %s is this machine', async (host) => {
  expect((await server.get('/machines', { headers: { Host: host } })).status).toBe(200)
})

test.each(['https://evil.example', 'null', 'http://localhost:5173'])('a page from %s is refused', async (origin) => {
  const { status, json, headers } = await start({ Host: 'localhost:3000', Origin: origin })
  expect([status, json.error_code]).toEqual([403, 'ORIGIN_FORBIDDEN'])
  expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
})

test('a page of its own is welcome', async () => {
  expect((await start({ Host: 'localhost:3000', Origin: 'http://localhost:3000' })).status).toBe(201)
})

test('a write without JSON is refused even without a body, so that no plain form can send it', async () => {
  const path = '/approvals/01990000-0000-7000-8000-000000000001/approve'
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const { status } = await server.post(path, undefined, { headers: { 'Content-Type': type } })
    expect(status).toBe(415)
  }
})

test('there is no CORS', async () => {
  const response = await server.app.request('http://localhost/api/v1/instances', {
    method: 'OPTIONS',
    headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
  })
  expect(response.status).toBe(405)
  expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
})

test('a bearer key nobody made is refused, not passed over', async () => {
  const { status, json } = await server.get('/machines', { key: 'chy_nobody' })
  expect([status, json.error_code]).toEqual([401, 'UNAUTHENTICATED'])
})
