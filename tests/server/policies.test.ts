import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
let folder: string
let policy_path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-policy-'))
  policy_path = join(folder, 'ours.yaml')
  await writeFile(policy_path, "version: '7'\nhigh_risk_keywords: [prod, hush]\ntools: { allowlist: [run_vitest] }\n")
  server = await testServer({ policy_path })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

test('the policy is shown by identity and counts, never its lists and never its path (PL-9)', async () => {
  const { status, json, text } = await server.get('/policies/current', { as: ada })
  expect(status).toBe(200)
  expect(json).toEqual({
    version: '7',
    hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    source: 'ours.yaml',
    policy_status: 'current',
    problem: null,
    git_sha: null,
    deps_fingerprint: '0123456789abcdef',
    high_risk_keywords_count: 2,
    high_risk_patterns_count: 0,
    allowlist_count: 1,
    cost_governance: { timeout_s: 300, max_retries: 3, max_attempts_total: null },
  })
  expect(text).not.toContain('hush')
  expect(text).not.toContain(folder)
})

test('reloading takes up what was changed', async () => {
  await writeFile(policy_path, "version: '8'\n")
  const { json } = await server.post('/policies/reload', undefined, { as: grace })
  expect([json.version, json.policy_status]).toEqual(['8', 'current'])
})

test('a file that cannot be used is told, and the last good policy stays in force (PL-4)', async () => {
  await writeFile(policy_path, 'high_risk_keyword: [prod]\n')
  const { status, json } = await server.post('/policies/reload', undefined, { as: grace })
  expect([status, json.error_code]).toEqual([503, 'POLICY_UNAVAILABLE'])
  expect(json.message).toContain('high_risk_keyword')
  const current = await server.get('/policies/current', { as: ada })
  expect(current.json).toMatchObject({ version: '8', policy_status: 'stale', problem: json.message })
})

test('only administrators reload', async () => {
  expect((await server.post('/policies/reload', undefined, { as: ada })).status).toBe(403)
})
