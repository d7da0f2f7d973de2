import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
let admin: string
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

const day = 24 * 3_600_000
const inAnHour = () => new Date(Date.now() + day / 24).toISOString()
const made = async (body: object, key = admin) => (await server.post('/keys', body, { key })).json

describe('the first key', () => {
  test('must be one that can make the next', async () => {
    for (const body of [
      { principal_id: 'ada', roles: ['USER'] },
      { principal_id: 'ada', roles: ['ADMIN'], expires_at: inAnHour() },
    ]) {
      const { status, json } = await server.post('/keys', body)
      expect([status, json.error_code]).toEqual([409, 'ADMIN_KEY_REQUIRED'])
    }
  })

  test('is shown once, and closes the server to everybody else at once', async () => {
    const body = { principal_id: 'root', kind: 'person', roles: ['ADMIN', 'operator'] }
    const { status, json } = await server.post('/keys', body)
    expect(status).toBe(201)
    expect(json).toMatchObject({ principal_id: 'root', tenant: 'default', revoked_at: null })
    expect(json.key.startsWith(json.prefix)).toBe(true)
    admin = json.key

    const keyless = await server.get('/machines')
    expect([keyless.status, keyless.json.error_code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(keyless.headers.get('WWW-Authenticate')).toBe('Bearer')
    expect((await server.get('/machines', { key: admin })).status).toBe(200)
  })
})

describe('with keys', () => {
  test('the key says who acts; X-Act-As is refused', async () => {
    const { key } = await made({ principal_id: 'ada', kind: 'person', roles: ['USER'] })
    const parcel = await server.post('/instances', { machine: 'parcel', input: { label: 'a book' } }, { key })
    const by = { id: 'ada', kind: 'person', tenant: 'default', roles: ['USER'] }
    expect(parcel.json.context.moment.by).toEqual(by)
    const acting = await server.get('/machines', { key, as: 'root;roles=ADMIN' })
    expect([acting.status, acting.json.error_code]).toEqual([403, 'PERMISSION_DENIED'])
  })

  test('a list shows prefixes and never a key or its hash', async () => {
    const { json, text } = await server.get('/keys', { key: admin })
    expect(json.keys.map(({ principal_id }: { principal_id: string }) => principal_id)).toEqual(['ada', 'root'])
    expect(text).not.toContain(admin)
    expect(text).not.toContain('hash')
  })

  test('a revoked key is refused at once', async () => {
    const { key, key_id } = await made({ principal_id: 'bob', roles: ['VIEWER'] })
    expect((await server.get('/machines', { key })).status).toBe(200)
    const { json } = await server.delete(`/keys/${key_id}`, { key: admin })
    expect(json.revoked_at).toEqual(expect.any(String))
    expect((await server.get('/machines', { key })).status).toBe(401)
  })

  test('an expired key is refused', async () => {
    const expires_at = new Date(Date.now() - 1000).toISOString()
    const { key } = await made({ principal_id: 'eve', roles: ['VIEWER'], expires_at })
    expect((await server.get('/machines', { key })).status).toBe(401)
  })

  test('the last administrator cannot be revoked', async () => {
    const { keys } = (await server.get('/keys', { key: admin })).json
    const root = keys.find(({ principal_id }: { principal_id: string }) => principal_id === 'root')
    const { status, json } = await server.delete(`/keys/${root.key_id}`, { key: admin })
    expect([status, json.error_code]).toEqual([409, 'ADMIN_KEY_REQUIRED'])
  })

  test('only administrators handle keys, and only operators for other tenants', async () => {
    const user = await made({ principal_id: 'ada', roles: ['USER'] })
    expect((await server.get('/keys', { key: user.key })).status).toBe(403)
    const local = await made({ principal_id: 'lou', roles: ['ADMIN'] })
    for (const body of [
      { principal_id: 'x', roles: ['USER'], tenant: 'other' },
      { principal_id: 'x', roles: ['operator'] },
    ]) {
      const { status, json } = await server.post('/keys', body, { key: local.key })
      expect([status, json.required_roles]).toEqual([403, ['operator']])
    }
  })

  test('another tenant sees nothing of this one', async () => {
    const { key } = await made({ principal_id: 'zed', tenant: 'other', roles: ['ADMIN'] })
    const input = { label: 'a book' }
    const mine = await server.post('/instances', { machine: 'parcel', input }, { key: admin })
    const { instance_id } = mine.json
    for (const path of ['', '/journal', '/verify']) {
      const { status, json } = await server.get(`/instances/${instance_id}${path}`, { key })
      expect([status, json.error_code]).toEqual([404, 'INSTANCE_NOT_FOUND'])
    }
    const pack = { type: 'pack', weight_g: 1 }
    expect((await server.post(`/instances/${instance_id}/events`, pack, { key })).status).toBe(404)
    expect((await server.get('/instances', { key })).json.instances).toEqual([])
    expect((await server.get('/journal', { key })).json.entries).toEqual([])
    expect((await server.get('/keys', { key })).json.keys).toHaveLength(1)
  })

  test('what a load balancer asks needs no key; figures do', async () => {
    expect((await server.get('/health')).json).toEqual({ status: 'ok', version: '0.0.0' })
    expect((await server.get('/ready')).json).toEqual({ ready: true, halted: false, halt_reason: null })
    expect((await server.get('/metrics')).status).toBe(401)
    const { text, headers } = await server.get('/metrics', { key: admin })
    expect(headers.get('Content-Type')).toContain('text/plain')
    expect(text).toContain('chancery_request_duration_seconds_count{operation="key.create",status="201"}')
    expect(text).toMatch(/chancery_journal_sequence \d+/)
  })

  test('no key ever reaches the log', () => {
    expect(JSON.stringify(server.logged)).not.toContain(admin)
  })
})

test('a server others can reach asks for keys from the start', async () => {
  const open = await testServer({ loopback: false })
  expect((await open.get('/machines')).status).toBe(401)
  await open.stop()
})
