import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ada, grace, testServer } from './support/server.ts'

test('AU-6: switched off, the audit answers that it is off, and runs go on', async () => {
  const artifacts_root = await mkdtemp(join(tmpdir(), 'chancery-artifacts-'))
  const server = await testServer({ artifacts_root, audit_enabled: false })
  const { json } = await server.post('/orchestrations/run', { nl_input: 'check the basket' }, { as: ada })
  const { run_id } = json
  expect(json.decision).toBe('PASS')
  expect((await server.get(`/audit/${run_id}`, { as: grace })).json).toEqual({
    ...{ run_id, events: [], count: 0, audit_enabled: false },
  })
  await server.stop()
  await rm(artifacts_root, { recursive: true })
})
