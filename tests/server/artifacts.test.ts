import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
let artifacts_root: string
let run_id: string
beforeAll(async () => {
  artifacts_root = await mkdtemp(join(tmpdir(), 'chancery-artifacts-'))
  server = await testServer({ artifacts_root })
  const request = { nl_input: 'check the basket' }
  run_id = (await server.post('/orchestrations/run?wait_s=10', request, { as: ada })).json.run_id
  await writeFile(join(artifacts_root, 'secret.txt'), 'of nobody')
  await mkdir(join(artifacts_root, `${run_id}-other`))
  await writeFile(join(artifacts_root, `${run_id}-other`, 'secret.txt'), 'of another run')
  await symlink(join(artifacts_root, 'secret.txt'), join(artifacts_root, run_id, 'link.txt'))
  await writeFile(join(artifacts_root, run_id, 'shape.svg'), '<svg/>')
  await writeFile(join(artifacts_root, run_id, 'blob.bin'), 'x')
})
afterAll(async () => {
  await server.stop()
  await rm(artifacts_root, { recursive: true })
})

const get = (path: string, as = ada) => server.get(`/artifacts/${run_id}/${path}`, { as })

test('the evidence is answered as it was written', async () => {
  const { status, headers, json } = await get('evidence.json')
  expect([status, json.run_id, json.$schema]).toEqual([200, run_id, 'urn:chancery:evidence.v1'])
  expect(headers.get('Content-Type')).toBe('application/json')
})

test.each([
  ['tools/stdout.log', 'text/plain; charset=utf-8', 'inline'],
  ['./tools/./stdout.log', 'text/plain; charset=utf-8', 'inline'],
  ['blob.bin', 'application/octet-stream', 'inline'],
  ['tools/report.html', 'text/html; charset=utf-8', "attachment; filename*=UTF-8''report.html"],
  ['shape.svg', 'image/svg+xml', "attachment; filename*=UTF-8''shape.svg"],
])('%s is handed out as %s', async (path, type, disposition) => {
  const { status, headers } = await get(path)
  expect([status, headers.get('Content-Type')]).toEqual([200, type])
  expect(headers.get('Content-Disposition')).toBe(disposition)
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  expect(headers.get('Content-Security-Policy')).toContain('sandbox')
})

test.each([
  ['%2Fetc%2Fpasswd', 400, 'ARTIFACT_PATH_INVALID', 'absolute'],
  ['/etc/passwd', 400, 'ARTIFACT_PATH_INVALID', 'absolute'],
  ['%5Cetc', 400, 'ARTIFACT_PATH_INVALID', 'absolute'],
  ['C:%5Cwindows', 400, 'ARTIFACT_PATH_INVALID', 'absolute'],
  ['..%2Fsecret.txt', 400, 'ARTIFACT_PATH_INVALID', 'traversal'],
  ['tools%2F..%2F..%2Fsecret.txt', 400, 'ARTIFACT_PATH_INVALID', 'traversal'],
  ['tools%5C..%5C..%5Csecret.txt', 400, 'ARTIFACT_PATH_INVALID', 'traversal'],
  ['link.txt', 400, 'ARTIFACT_PATH_INVALID', 'outside'],
  ['tools', 400, 'ARTIFACT_NOT_A_FILE', 'not a file'],
  ['none.txt', 404, 'ARTIFACT_NOT_FOUND', 'none.txt'],
  ['evidence.json/none', 404, 'ARTIFACT_NOT_FOUND', 'none'],
  [`${'x'.repeat(400)}`, 404, 'ARTIFACT_NOT_FOUND', 'xxx'],
  ['a%00b', 422, 'INVALID_REQUEST', 'NUL'],
])('%s is refused', async (path, status, code, told) => {
  const { status: answered, json, text } = await get(path)
  expect([answered, json?.error_code]).toEqual([status, code])
  expect(json.message).toContain(told)
  expect(text).not.toContain(artifacts_root)
})

test('dots the address itself resolves lead to no other run', async () => {
  expect((await get('../secret.txt')).status).toBe(404)
  expect((await get('%2e%2e/secret.txt')).status).toBe(404)
})

test('files follow their run: its owner and administrators read them (AC-4)', async () => {
  for (const path of ['evidence.json', 'tools/stdout.log']) {
    const foreign = await get(path, bob)
    expect([foreign.status, foreign.json.error_code]).toEqual([403, 'RUN_FORBIDDEN'])
    expect((await get(path, grace)).status).toBe(200)
  }
  const none = await server.get('/artifacts/01990000-0000-7000-8000-00000000dead/evidence.json', { as: bob })
  expect([none.status, none.json.error_code]).toEqual([404, 'RUN_NOT_FOUND'])
})
