import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
let artifacts_root: string
beforeAll(async () => {
  artifacts_root = await mkdtemp(join(tmpdir(), 'chancery-artifacts-'))
  server = await testServer({ artifacts_root })
})
afterAll(async () => {
  await server.stop()
  await rm(artifacts_root, { recursive: true })
})

const victor = 'victor;roles=VIEWER'
const harmless = { nl_input: 'check the basket' }
const risky = { nl_input: 'delete the old baskets' }
const slow = { nl_input: 'check the basket', options: { tool_name: 'run_vitest', args: { wait: true } } }

const run = async (request: object, as = ada) => (await server.post('/orchestrations/run', request, { as })).json
const begun = async (request: object, as = ada) => (await server.post('/orchestrations/runs', request, { as })).json
const settled = (run_id: string) => server.engine.until(run_id, ({ status }) => status !== 'active')

describe('starting a run', () => {
  test('waits until it is judged, and answers with decision, outcome and evidence', async () => {
    const { status, json, headers } = await server.post('/orchestrations/run?wait_s=10', harmless, { as: ada })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      status: 'JUDGED',
      waiting_for: null,
      decision: 'PASS',
      outcome: 'PASS',
      evidence: { input_nl: 'check the basket' },
      links: {
        execution_id: null,
        approval_id: null,
        report_url: `/api/v1/artifacts/${json.run_id}/evidence.json`,
        self_url: `/api/v1/orchestrations/runs/${json.run_id}`,
      },
    })
    expect(headers.get('Location')).toBe(json.links.self_url)
  })

  test('waits no longer than asked, and the run goes on', async () => {
    const { status, json } = await server.post('/orchestrations/run?wait_s=0', slow, { as: ada })
    expect([status, json.status, json.decision, json.links.report_url]).toEqual([202, 'RUNNING', null, null])
    await server.post(`/orchestrations/runs/${json.run_id}/cancel`, {}, { as: ada })
    await settled(json.run_id)
  })

  test('does not wait for who prefers so (RFC 7240)', async () => {
    const asked = { as: ada, headers: { Prefer: 'handling=lenient, respond-async;wait=5' } }
    const { status, json, headers } = await server.post('/orchestrations/run', slow, asked)
    expect([status, json.status]).toEqual([202, 'RUNNING'])
    expect(headers.get('Location')).toBe(json.links.self_url)
    await server.post(`/orchestrations/runs/${json.run_id}/cancel`, {}, { as: ada })
    await settled(json.run_id)
  })

  test('stops waiting once a human must decide', async () => {
    const { status, json } = await server.post('/orchestrations/run?wait_s=10', risky, { as: ada })
    expect([status, json.status, json.waiting_for]).toEqual([200, 'JUDGED', 'approval'])
    expect(json).toMatchObject({ decision: 'NEED_HITL', outcome: null })
    expect(json.links.approval_id).toEqual(expect.any(String))
  })

  test('without waiting the answer comes at once', async () => {
    const { status, json } = await server.post('/orchestrations/runs', harmless, { as: ada })
    expect([status, json.evidence]).toEqual([202, null])
    await settled(json.run_id)
  })

  test('twice with the same key it starts once', async () => {
    const asked = { as: ada, headers: { 'Idempotency-Key': 'once' } }
    const first = await server.post('/orchestrations/run', harmless, asked)
    const second = await server.post('/orchestrations/run?wait_s=1', harmless, asked)
    expect(second.json.run_id).toBe(first.json.run_id)
    const other = await server.post('/orchestrations/run', risky, asked)
    expect([other.status, other.json.error_code]).toEqual([409, 'IDEMPOTENCY_CONFLICT'])
  })

  test.each([
    ['an empty sentence', { nl_input: '  ' }, 'nl_input'],
    ['a sentence without end', { nl_input: 'x'.repeat(10_001) }, 'nl_input'],
    ['an unknown option', { ...harmless, options: { colour: 'red' } }, 'options.colour'],
    ['a timeout of no time', { ...harmless, options: { timeout_s: 0 } }, 'options.timeout_s'],
    ['arguments without end', { ...harmless, options: { args: { x: 'x'.repeat(70_000) } } }, 'options.args'],
  ])('%s is refused by its field', async (_, request, field) => {
    const { status, json } = await server.post('/orchestrations/run', request, { as: ada })
    expect([status, json.error_code, json.errors[0].field]).toEqual([422, 'INVALID_REQUEST', field])
  })

  test('an environment nobody knows is refused', async () => {
    const environment_id = '01990000-0000-7000-8000-00000000beef'
    const { status, json } = await server.post('/orchestrations/runs', { ...harmless, environment_id }, { as: ada })
    expect([status, json.error_code]).toEqual([422, 'ENVIRONMENT_NOT_FOUND'])
  })

  test.each(['-1', '301', 'soon'])('wait_s=%s is refused', async (wait_s) => {
    const { status, json } = await server.post(`/orchestrations/run?wait_s=${wait_s}`, harmless, { as: ada })
    expect([status, json.errors[0].field]).toEqual([422, 'wait_s'])
  })

  test('viewers start nothing, and nobody starts a run past its operation', async () => {
    expect((await server.post('/orchestrations/run', harmless, { as: victor })).status).toBe(403)
    expect((await server.post('/instances', { machine: 'run', input: {} }, { as: grace })).status).toBe(403)
  })
})

describe('looking at runs', () => {
  test('the detail holds what is known; blocks without data are null', async () => {
    const { run_id } = await run(harmless)
    const { json, headers } = await server.get(`/orchestrations/runs/${run_id}`, { as: ada })
    expect(json).toMatchObject({
      run_id,
      status: 'JUDGED',
      owner: { user_id: 'ada' },
      summary: { ok: true, decision: 'PASS', outcome: 'PASS', tool_count: 1, finished_at: expect.any(String) },
      policy: { version: '1.0', hash: 'ab'.repeat(8) },
      repro: { git_sha: null, git_dirty: null },
      governance: { budget: { attempts_total: 1 }, short_circuited: false, decision_source: 'gate_evaluator' },
      artifacts: [{ rel_path: 'tools/stdout.log', url: `/api/v1/artifacts/${run_id}/tools/stdout.log` }],
      artifact_audit: null,
      approval: null,
      audit_summary: null,
    })
    expect(json.summary).not.toHaveProperty('decision_source')
    expect(headers.get('ETag')).toMatch(/^"\d+"$/)
  })

  test('missing wins over forbidden: 404 for nobody’s, 403 for somebody else’s (AC-3)', async () => {
    const { run_id } = await run(harmless, ada)
    const nobodys = await server.get('/orchestrations/runs/01990000-0000-7000-8000-00000000dead', { as: bob })
    expect([nobodys.status, nobodys.json.error_code]).toEqual([404, 'RUN_NOT_FOUND'])
    const adas = await server.get(`/orchestrations/runs/${run_id}`, { as: bob })
    expect([adas.status, adas.json.error_code]).toEqual([403, 'RUN_FORBIDDEN'])
    expect((await server.get(`/orchestrations/runs/${run_id}`, { as: grace })).status).toBe(200)
  })

  test('an instance that is no run is not found as one', async () => {
    const parcel = await server.post('/instances', { machine: 'parcel', input: { label: 'a' } }, { as: grace })
    const { status } = await server.get(`/orchestrations/runs/${parcel.json.instance_id}`, { as: grace })
    expect(status).toBe(404)
  })

  test('a list holds one’s own, counts only those, and pages by offset (AC-2)', async () => {
    const uma = 'uma;roles=USER'
    const made: string[] = []
    for (const _ of [1, 2, 3]) made.unshift((await run(harmless, uma)).run_id)
    const list = async (query = '') => (await server.get(`/orchestrations/runs${query}`, { as: uma })).json
    const all = await list()
    expect(all).toMatchObject({ count: 3, total: 3 })
    expect(all.runs.map(({ run_id }: { run_id: string }) => run_id)).toEqual(made)
    expect(Object.keys(all.runs[0]).sort()).toEqual(
      ['decision', 'decision_source', 'finished_at', 'outcome', 'run_id', 'started_at', 'status', 'tool_count'].sort(),
    )
    expect(await list('?limit=2&offset=2')).toMatchObject({ count: 1, total: 3 })
    expect(await list('?offset=99')).toEqual({ runs: [], count: 0, total: 3 })
    expect((await server.get('/orchestrations/runs', { as: grace })).json.total).toBeGreaterThan(3)
  })

  test('decision, status, outcome and tool narrow the list', async () => {
    const wim = 'wim;roles=USER'
    await run(harmless, wim)
    await run(risky, wim)
    const total = async (query: string) => (await server.get(`/orchestrations/runs?${query}`, { as: wim })).json.total
    expect(await total('decision=PASS')).toBe(1)
    expect(await total('decision=NEED_HITL')).toBe(1)
    expect(await total('outcome=PASS')).toBe(1)
    expect(await total('status=JUDGED')).toBe(2)
    expect(await total('status=FAILED')).toBe(0)
    expect(await total('tool=run_pytest')).toBe(2)
    const { status, json } = await server.get('/orchestrations/runs?decision=MAYBE', { as: wim })
    expect([status, json.error_code, json.errors[0].field]).toEqual([400, 'INVALID_FILTER', 'decision'])
  })
})

describe('comparing two runs', () => {
  test('shows what changed, to those who may see both', async () => {
    const [before, after] = [await run(harmless), await run(risky)]
    const path = `/orchestrations/runs/${before.run_id}/compare/${after.run_id}`
    const { json } = await server.get(path, { as: ada })
    expect(json).toMatchObject({
      ...{ before: before.run_id, after: after.run_id },
      decision: { before: 'PASS', after: 'NEED_HITL', changed: true },
      tests: { tests: { change: 0 }, newly_failing: [] },
    })
    expect((await server.get(path, { as: bob })).status).toBe(403)
  })
})

describe('cancelling a run', () => {
  test('stops its tool; evidence is collected all the same', async () => {
    const { run_id } = await begun(slow)
    const { status } = await server.post(`/orchestrations/runs/${run_id}/cancel`, undefined, { as: ada })
    expect(status).toBe(202)
    await settled(run_id)
    const { json } = await server.get(`/orchestrations/runs/${run_id}`, { as: ada })
    expect(json).toMatchObject({ status: 'CANCELLED', summary: { decision: null, outcome: null } })
    expect(json.artifacts).toHaveLength(1)
  })

  test('is for its owner and for administrators', async () => {
    const { run_id } = await begun(slow)
    const path = `/orchestrations/runs/${run_id}/cancel`
    const foreign = await server.post(path, {}, { as: bob })
    expect([foreign.status, foreign.json.error_code]).toEqual([403, 'RUN_FORBIDDEN'])
    expect((await server.post(path, {}, { as: victor })).status).toBe(403)
    expect((await server.post(path, {}, { as: grace })).status).toBe(202)
    await settled(run_id)
  })

  test('a run that has ended, or waits for its judge, is not cancelled', async () => {
    for (const request of [harmless, risky]) {
      const { run_id } = await run(request)
      const { status, json } = await server.post(`/orchestrations/runs/${run_id}/cancel`, {}, { as: ada })
      expect([status, json.error_code]).toEqual([409, 'RUN_NOT_CANCELLABLE'])
    }
  })
})
