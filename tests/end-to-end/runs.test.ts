/** Orchestration runs as somebody with a terminal meets them: a real server, real tools, real data. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { freshDatabase } from '../support/postgres.ts'
import { startServer, type TestServer } from '../support/server.ts'

const databases = [
  { name: 'pglite', environment: async () => ({}) },
  { name: 'postgres', environment: async () => ({ DATABASE_URL: await freshDatabase(inject('postgres_url')) }) },
]

describe.each(databases)('a run on $name', ({ environment }) => {
  let folder: string
  let server: TestServer

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chancery-runs-'))
    server = await startServer({ DATA_DIR: folder, ...(await environment()) })
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const run = (request: object) => server.post('/orchestrations/run', request)

  test('"run the tests" gives PASS, with the counts of the report the suite really wrote', async () => {
    const { status, body } = await run({ nl_input: 'run the tests' })
    expect({ status, decision: body.decision, outcome: body.outcome }).toEqual({
      status: 200,
      decision: 'PASS',
      outcome: 'PASS',
    })
    const report = await readFile(join(folder, 'artifacts', body.run_id, 'tools/run_vitest/junit.xml'), 'utf8')
    const tests = Number(/<testsuites[^>]* tests="(\d+)"/.exec(report)?.[1])
    expect(tests).toBeGreaterThan(5)
    expect(body.evidence.summary).toMatchObject({ tests, failures: 0, errors: 0, passed: tests })
    expect((await server.get(`/artifacts/${body.run_id}/evidence.json`)).body).toEqual(body.evidence)
    expect((await server.get(`/instances/${body.run_id}/verify`)).body).toMatchObject({ valid: true, broken_at: null })
  })

  test('a failing suite gives FAIL and names the tests that failed', async () => {
    const { body } = await run({
      nl_input: 'run the broken ones',
      options: { tool_name: 'run_vitest', args: { test_path: 'test/broken' } },
    })
    expect(body).toMatchObject({ decision: 'FAIL', outcome: 'FAIL' })
    const [call] = body.evidence.tool_calls
    expect(call.failed_tests.length).toBe(body.evidence.summary.failures)
    expect(call.failed_tests[0]).toMatchObject({ name: 'shipping is free for everybody', message: expect.any(String) })
    expect(body.reason).toContain(`${body.evidence.summary.failures} of ${body.evidence.summary.tests}`)
  })

  test('"deploy to production" asks a human, and approving ends the run', async () => {
    const asked = await run({ nl_input: 'deploy to production' })
    expect(asked.body).toMatchObject({ decision: 'NEED_HITL', outcome: null, status: 'JUDGED' })
    const { approval_id } = asked.body.links
    expect((await server.get(`/approvals/${approval_id}`)).body).toMatchObject({
      status: 'pending',
      entity_id: asked.body.run_id,
    })

    const approved = await server.post(`/approvals/${approval_id}/approve`, { review_comment: 'go' })
    expect(approved).toMatchObject({ status: 200, body: { status: 'approved', reviewer: 'operator:local' } })
    const detail = (await server.get(`/orchestrations/runs/${asked.body.run_id}`)).body
    expect(detail.summary).toMatchObject({ decision: 'NEED_HITL', outcome: 'PASS' })

    const again = await server.post(`/approvals/${approval_id}/reject`, {})
    expect(again).toMatchObject({ status: 409, body: { error_code: 'APPROVAL_NOT_PENDING' } })
  })

  test('rejecting ends it with FAIL', async () => {
    const { body } = await run({ nl_input: 'drop the table' })
    await server.post(`/approvals/${body.links.approval_id}/reject`, { review_comment: 'no' })
    const detail = (await server.get(`/orchestrations/runs/${body.run_id}`)).body
    expect(detail.summary).toMatchObject({ decision: 'NEED_HITL', outcome: 'FAIL' })
  })

  test('a tool the policy does not list is a FAIL that no approval could help', async () => {
    const { status, body } = await run({
      nl_input: 'list files',
      options: { tool_name: 'run_command', args: { program: 'ls' } },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ decision: 'FAIL', links: { approval_id: null } })
    expect(body.evidence.tool_calls[0]).toMatchObject({ blocked_by: 'policy', status: 'failed' })
  })

  test('a dry run plans and executes nothing', async () => {
    const { body } = await run({ nl_input: 'run the tests', options: { tool_name: 'run_vitest', dry_run: true } })
    expect(body).toMatchObject({ status: 'FINISHED', decision: null, outcome: null })
    expect(body.evidence.tool_calls[0]).toMatchObject({ status: 'skipped' })
  })
})
