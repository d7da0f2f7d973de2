/** Whatever arrives, the answer is a problem document that names what is wrong, and nothing is written. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, type Reply, type TestServer, testServer } from './support/server.ts'

let server: TestServer
let instance_id: string
beforeAll(async () => {
  server = await testServer()
  const input = { label: 'a book' }
  instance_id = (await server.post('/instances', { machine: 'parcel', input }, { as: ada })).json.instance_id
})
afterAll(() => server.stop())

const start = (body: unknown, headers = {}) => server.post('/instances', body, { as: ada, headers })
const send = (body: unknown, headers = {}) =>
  server.post(`/instances/${instance_id}/events`, body, { as: ada, headers })
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

const rubbish: readonly (readonly [string, () => Promise<Reply>, number, string, string])[] = [
  ['half a body', () => start('{"machine": '), 400, 'MALFORMED_JSON', 'body'],
  ['text that is not UTF-8', () => startBytes([0x22, 0xff, 0x22]), 400, 'MALFORMED_JSON', 'body'],
  ['no body', () => start(undefined), 422, 'INVALID_REQUEST', 'body'],
  ['a body of the wrong kind', () => start('[]'), 422, 'INVALID_REQUEST', 'body'],
  ['a form', () => start('a=1', { 'Content-Type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE', 'Content-Type'],
  ['two megabytes', () => start(`"${'x'.repeat(2_000_000)}"`), 413, 'BODY_TOO_LARGE', 'body'],
  ['33 levels', () => start(`{"machine":"parcel","input":${nested(32)}}`), 422, 'INVALID_REQUEST', 'input.0.0'],
  ['a thousand levels', () => start(nested(1000)), 422, 'INVALID_REQUEST', '0.0.0'],
  ['a number beyond numbers', () => start('{"machine":"parcel","input":1e999}'), 422, 'INVALID_REQUEST', 'input'],
  ['NUL', () => start({ machine: 'parcel', input: { label: 'a\0b' } }), 422, 'INVALID_REQUEST', 'input.label'],
  [
    'half a character',
    () => start('{"machine":"parcel","input":{"label":"\\ud800"}}'),
    422,
    'INVALID_REQUEST',
    'input.label',
  ],
  [
    'NUL in a name',
    () => start('{"machine":"parcel","input":{"a\\u0000":1}}'),
    422,
    'INVALID_REQUEST',
    'input.a\uFFFD',
  ],
  ['an unknown machine', () => start({ machine: 'horse', input: {} }), 422, 'INVALID_REQUEST', 'machine'],
  ['a machine of the wrong type', () => start({ machine: 7, input: {} }), 422, 'INVALID_REQUEST', 'machine'],
  [
    'input of the wrong type',
    () => start({ machine: 'parcel', input: { label: 7 } }),
    422,
    'INVALID_REQUEST',
    'input.label',
  ],
  [
    'input nobody asked for',
    () => start({ machine: 'parcel', input: { label: 'a', x: 1 } }),
    422,
    'INVALID_REQUEST',
    'input.x',
  ],
  [
    'an id of the caller',
    () => start({ machine: 'parcel', input: { label: 'a' }, id: 'x' }),
    422,
    'INVALID_REQUEST',
    'id',
  ],
  ['a prototype', () => start('{"machine":"__proto__","input":{}}'), 422, 'INVALID_REQUEST', 'machine'],
  ['an unknown event', () => send({ type: 'burn' }), 422, 'INVALID_REQUEST', 'type'],
  ['an event without a type', () => send({}), 422, 'INVALID_REQUEST', 'type'],
  ['an outcome', () => send({ type: 'xstate.done.actor.buyLabel', output: {} }), 422, 'INVALID_REQUEST', 'type'],
  ['an error of work', () => send({ type: 'xstate.error.actor.buyLabel', error: {} }), 422, 'INVALID_REQUEST', 'type'],
  ['an inherited name', () => send({ type: 'constructor' }), 422, 'INVALID_REQUEST', 'type'],
  ['an event that lacks a field', () => send({ type: 'pack' }), 422, 'INVALID_REQUEST', 'weight_g'],
  ['an event with one too many', () => send({ type: 'pack', weight_g: 1, by: {} }), 422, 'INVALID_REQUEST', 'by'],
  ['a stamp of the caller', () => send({ type: 'pack', weight_g: 1, moment: {} }), 422, 'INVALID_REQUEST', 'moment'],
  [
    'an ETag without quotes',
    () => send({ type: 'pack', weight_g: 1 }, { 'If-Match': '1' }),
    422,
    'INVALID_REQUEST',
    'If-Match',
  ],
  [
    'a key too long',
    () => send({ type: 'pack', weight_g: 1 }, { 'Idempotency-Key': 'k'.repeat(256) }),
    422,
    'INVALID_REQUEST',
    'Idempotency-Key',
  ],
  [
    'a correlation id with spaces',
    () => send({ type: 'pack', weight_g: 1 }, { 'X-Correlation-Id': 'a b' }),
    422,
    'INVALID_REQUEST',
    'X-Correlation-Id',
  ],
  ['an id that is none', () => server.get('/instances/7'), 422, 'INVALID_REQUEST', 'id'],
  ['an id with path characters', () => server.get('/instances/..%2f..%2fetc%2fpasswd'), 422, 'INVALID_REQUEST', 'id'],
  ['an id with NUL', () => server.get('/instances/%00'), 422, 'INVALID_REQUEST', 'id'],
  ['a bad cursor', () => server.get('/instances?cursor=abc'), 400, 'INVALID_FILTER', 'cursor'],
  ['an unknown filter', () => server.get('/instances?colour=red'), 400, 'INVALID_FILTER', 'colour'],
  ['an unknown status', () => server.get('/instances?status=lost'), 400, 'INVALID_FILTER', 'status'],
  ['a filter for no machine', () => server.get('/instances?machine=horse'), 400, 'INVALID_FILTER', 'machine'],
  ['a filter given twice', () => server.get('/instances?q=a&q=b'), 422, 'INVALID_REQUEST', 'q'],
  ['NUL in a filter', () => server.get('/instances?q=%00'), 422, 'INVALID_REQUEST', 'q'],
  ['a page too long', () => server.get('/instances?limit=100000'), 400, 'INVALID_FILTER', 'limit'],
  ['a filter without a value', () => server.get('/journal?after='), 422, 'INVALID_REQUEST', 'after'],
  ['a page of none', () => server.get('/journal?limit=0'), 400, 'INVALID_FILTER', 'limit'],
  ['a sequence that is none', () => server.get('/journal?after=x'), 400, 'INVALID_FILTER', 'after'],
  [
    'a last event that is none',
    () => server.get('/stream', { headers: { 'Last-Event-ID': 'x' } }),
    422,
    'INVALID_REQUEST',
    'Last-Event-ID',
  ],
  [
    'an id of work that is none',
    () => server.post('/effects/x/complete', { attempt: 1, output: 1 }),
    422,
    'INVALID_REQUEST',
    'id',
  ],
]

test.each(rubbish)('%s', async (_, ask, status, error_code, field) => {
  const before = await server.engine.head()
  const { json, headers, status: answered, text } = await ask()
  expect([answered, json?.error_code]).toEqual([status, error_code])
  expect(headers.get('Content-Type')).toBe('application/problem+json')
  expect(json).toMatchObject({ status, type: expect.any(String), title: expect.any(String) })
  expect(json.correlation_id).toBe(headers.get('X-Correlation-Id'))
  expect(json.detail).toBe(json.message)
  expect(json.errors.map((error: { field: string }) => error.field)).toContain(field)
  expect(text).not.toMatch(/node_modules|\.ts:|select |insert /)
  expect(await server.engine.head()).toEqual(before)
})

test('32 levels are not too many', async () => {
  const { json } = await start(`{"machine":"parcel","input":${nested(31)}}`)
  expect(json.errors.map((error: { field: string }) => error.field)).toEqual(['input'])
})

function startBytes(bytes: readonly number[]): Promise<Reply> {
  return server.post('/instances', new Uint8Array(bytes), { as: ada })
}
