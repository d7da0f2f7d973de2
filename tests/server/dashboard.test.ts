import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer({ artifacts_root: await mkdtemp(join(tmpdir(), 'chancery-artifacts-')) })
  for (const nl_input of ['check the basket', 'delete the old baskets']) {
    await server.post('/orchestrations/run', { nl_input }, { as: ada })
  }
})
afterAll(async () => {
  await server.stop()
  await rm(server.artifacts_root, { recursive: true })
})

const summary = async (as: string, query = '') => (await server.get(`/dashboard/summary${query}`, { as })).json

test('§17: figures over real runs', async () => {
  expect(await summary(ada)).toMatchObject({
    cards: {
      ...{ pass_count: 1, fail_count: 0, hitl_count: 1, total_runs: 2 },
      artifact_metrics: { total_artifact_count: 2, runs_with_artifact_count: 2, truncated_runs_count: 0 },
    },
    by_decision: { PASS: 1, NEED_HITL: 1, FAIL: 0 },
    timeseries: [{ pass_count: 1, need_hitl_count: 1, total: 2 }],
    audit_summary: null,
  })
})

test('DB-4: one’s own runs only, an administrator’s are everybody’s', async () => {
  expect((await summary(bob)).cards.total_runs).toBe(0)
  expect((await summary(grace)).cards.total_runs).toBe(2)
})

test('§17: a window outside its bounds is refused', async () => {
  for (const query of ['?days=0', '?days=91', '?limit=201']) {
    expect((await server.get(`/dashboard/summary${query}`, { as: ada })).json.errors).toHaveLength(1)
  }
})
