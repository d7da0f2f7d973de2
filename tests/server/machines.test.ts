import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

test('the catalogue names every machine, its versions, and who may start it', async () => {
  const { json } = await server.get('/machines', { as: 'v;roles=VIEWER' })
  expect(json.machines).toContainEqual({
    machine: 'parcel',
    version: '1.0.0',
    versions: ['1.0.0'],
    start: ['USER', 'ADMIN'],
  })
  expect(json.machines).toContainEqual(expect.objectContaining({ machine: 'run', start: 'operation' }))
})

test('a machine shows its chart, and what may be said to it by whom', async () => {
  const { json } = await server.get('/machines/parcel')
  expect(Object.keys(json.chart.states)).toEqual(['open', 'packed', 'shipping', 'gone', 'lost'])
  expect(json.input).toMatchObject({ type: 'object', required: ['label'], additionalProperties: false })
  expect(json.events.pack).toMatchObject({ admission: ['USER', 'ADMIN'], schema: { required: ['type', 'weight_g'] } })
  expect(json.events.inspected.admission).toBe('operation')
})

test('the source is a configuration that makes the same chart again', async () => {
  const { json } = await server.get('/machines/run/source.json')
  const again = createMachine(json)
  expect([again.id, again.version]).toEqual(['run', '1.0.0'])
  expect(Object.keys(again.states)).toContain('awaiting_approval')
})

test('a machine nobody knows is not found', async () => {
  const { status, json } = await server.get('/machines/horse')
  expect([status, json.error_code]).toEqual([404, 'MACHINE_NOT_FOUND'])
})
