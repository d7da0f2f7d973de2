import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.stop())

test('§14.1: tools are listed with what they may do, their arguments, and whether the policy allows them', async () => {
  const { json } = await server.get('/tools', { as: ada })
  const named = (name: string) => json.tools.find((tool: { name: string }) => tool.name === name)
  expect(named('run_vitest')).toMatchObject({
    ...{ effects: 'test', rerunnable: true, sandboxable: true, allowed: true },
    args_schema: { type: 'object', properties: { test_path: { type: 'string' } } },
  })
  expect(named('run_command')).toMatchObject({ effects: 'mutate', allowed: false })
  expect(json).toMatchObject({ allowlist_count: expect.any(Number), sandbox: { enabled: true, mode: 'subprocess' } })
})

test('a caller is told who they are taken for', async () => {
  const { json } = await server.get('/principals/me', { as: ada })
  expect(json).toMatchObject({ id: 'ada', roles: ['USER'], tenant: 'default' })
})
