import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ToolResult } from '../../machines/run/tool.ts'
import type { ExecuteToolInput } from '../../machines/run/work.ts'
import { resultOf, SHA } from '../machines/support/runs.ts'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer({
    artifacts_root: await mkdtemp(join(tmpdir(), 'chancery-artifacts-')),
    handlers: { 'run.executeTool': { kind: 'durable', run: executed } },
  })
})
afterAll(async () => {
  await server.stop()
  await rm(server.artifacts_root, { recursive: true })
})

const sandbox_exec = { status: 'completed', duration_ms: 4, paths_hash: 'a'.repeat(16), env_hash: 'b'.repeat(16) }

/** What the tool is told in its arguments decides what comes of it. */
async function executed({ tool_request: { args } }: ExecuteToolInput): Promise<ToolResult> {
  if (args.blocked === true) return resultOf({ status: 'failed', raw_output: { decision_source: 'policy_block' } })
  const artifacts = Array.from({ length: Number(args.files ?? 0) }, (_, n) => ({
    ...{ type: 'log' as const, path: `/srv/secret/${n}.log`, mime: 'text/plain', size: n, sha256: SHA },
    metadata: { rel_path: `tools/${n}.log` },
  }))
  return resultOf({ artifacts, raw_output: { sandbox_exec } })
}

const asked = (args: object, nl_input = 'check the basket') => ({
  nl_input,
  options: { tool_name: 'run_vitest', args },
})
const run = async (request: object, as = ada): Promise<string> =>
  (await server.post('/orchestrations/run', request, { as })).json.run_id
const auditOf = async (run_id: string) => (await server.get(`/audit/${run_id}`, { as: grace })).json
const typesOf = (audit: { events: readonly { event_type: string }[] }) =>
  audit.events.map(({ event_type }) => event_type)

describe('the audit of a run', () => {
  test('AU-4: a normal run leaves its rows in order, each with its owner', async () => {
    const audit = await auditOf(await run(asked({ files: 1 })))
    expect(typesOf(audit)).toEqual([
      ...['run_created', 'policy_loaded', 'plan_built', 'tool_started', 'sandbox_exec', 'artifact_collected'],
      ...['tool_finished', 'evidence_saved', 'decision_made'],
    ])
    expect(audit).toMatchObject({ count: 9, audit_enabled: true })
    for (const row of audit.events) expect(row).toMatchObject({ created_by_user_id: 'ada', tenant_id: 'default' })
    expect(audit.events.at(-1)).toMatchObject({
      ...{ status: 'PASS', decision_source: 'gate_evaluator', details: { reason: expect.any(String) } },
    })
    expect(audit.events.find(({ event_type }: { event_type: string }) => event_type === 'tool_finished')).toMatchObject(
      {
        ...{ status: 'success', tool_name: 'run_vitest', duration_ms: expect.any(Number) },
      },
    )
  })

  test('AU-1 AU-8: rows are numbered without a gap, and a limit takes the first', async () => {
    const run_id = await run(asked({}))
    const all = await auditOf(run_id)
    expect(all.events.map(({ seq }: { seq: number }) => seq)).toEqual(all.events.map((_: unknown, n: number) => n + 1))
    const { json } = await server.get(`/audit/${run_id}?limit=2`, { as: grace })
    expect([json.count, typesOf(json)]).toEqual([2, ['run_created', 'policy_loaded']])
    expect((await server.get(`/audit/${run_id}?limit=1001`, { as: grace })).status).toBe(400)
    expect((await auditOf(run_id)).events).toEqual(all.events)
  })

  test('AU-3: arguments appear as a hash that their order does not change, and none as null', async () => {
    const hashes = async (args: object) => (await auditOf(await run(asked(args)))).events.at(-1).args_hash
    const [one, other, none] = [
      await hashes({ a: 'hidden', b: 2 }),
      await hashes({ b: 2, a: 'hidden' }),
      await hashes({}),
    ]
    expect(one).toMatch(/^[0-9a-f]{16}$/)
    expect([other, none]).toEqual([one, null])
    expect(JSON.stringify(await auditOf(await run(asked({ a: 'hidden' }))))).not.toContain('hidden')
  })

  test('AU-5: many files are counted and sampled, by paths below the run only', async () => {
    const audit = await auditOf(await run(asked({ files: 12 })))
    const { details } = audit.events.find(
      ({ event_type }: { event_type: string }) => event_type === 'artifact_collected',
    )
    expect(details).toMatchObject({ total_count: 12, stats_by_type: { log: 12 }, truncated: true })
    expect(details.samples).toHaveLength(10)
    expect(details.samples[0]).toEqual({ type: 'log', rel_path: 'tools/0.log', size: 0 })
    expect(details.boundary).toEqual({ scope: ['tools'], extensions: ['.log'] })
    expect(JSON.stringify(audit)).not.toContain('/srv/secret')
  })

  test('TR-3: a tool the policy keeps from running leaves policy_blocked', async () => {
    expect(typesOf(await auditOf(await run(asked({ blocked: true }))))).toContain('policy_blocked')
  })

  test('AU-2: a human’s answer and a dry run have rows of their own', async () => {
    const run_id = await run(asked({}, 'delete the old baskets'))
    const { approval } = (await server.get(`/orchestrations/runs/${run_id}`, { as: grace })).json
    await server.post(`/approvals/${approval.id}/approve`, { review_comment: 'fine' }, { as: grace })
    const audit = await auditOf(run_id)
    expect(typesOf(audit).slice(-3)).toEqual(['decision_made', 'approval_created', 'approval_decided'])
    expect(audit.events.at(-1)).toMatchObject({
      ...{ status: 'approved', details: { reviewer: 'grace', review_comment: 'fine' } },
    })
    const dry = await run({ nl_input: 'check', options: { tool_name: 'run_vitest', dry_run: true } })
    expect(typesOf(await auditOf(dry)).at(-1)).toBe('dry_run_finished')
  })

  test('AC-5: even the owner needs the permission; the detail shows its summary to those who have it', async () => {
    const run_id = await run(asked({ files: 1 }))
    expect((await server.get(`/audit/${run_id}`, { as: ada })).status).toBe(403)
    const detail = async (as: string) => (await server.get(`/orchestrations/runs/${run_id}`, { as })).json
    expect((await detail(ada)).audit_summary).toBeNull()
    expect((await detail(grace)).audit_summary).toEqual({
      ...{ event_count: 9, first_at: expect.any(String), last_at: expect.any(String) },
    })
    expect((await detail(ada)).artifact_audit).toMatchObject({ total_count: 1 })
  })
})

interface Told {
  readonly id: string
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What the stream told until it ended. */
async function told(run_id: string, last_event_id?: string): Promise<Told[]> {
  const headers = last_event_id === undefined ? {} : { 'Last-Event-ID': last_event_id }
  const { text } = await server.get(`/orchestrations/runs/${run_id}/events`, { as: ada, headers })
  return [...text.matchAll(/id: (.*)\nevent: (.*)\ndata: (.*)\n/g)].map(([, id = '', event = '', data = '']) => ({
    ...{ id, event, data: JSON.parse(data) },
  }))
}

describe('the events of a run', () => {
  test('EVT-1: nodes, decision and outcome, numbered, until the run has ended', async () => {
    const events = await told(await run(asked({})))
    expect(events.map(({ event, data }) => (event === 'run.node' ? data.node : event))).toEqual([
      'run.started',
      ...['load_policy', 'plan', 'execute', 'enforce_budget', 'collect', 'gate'],
      ...['run.decided', 'run.outcome', 'run.finished'],
    ])
    expect(events.map(({ data }) => data.seq)).toEqual(events.map((_, n) => n + 1))
    expect(events[0]?.data).toMatchObject({ nl_input: 'check the basket' })
    expect(events.at(-2)?.data).toMatchObject({ outcome: 'PASS' })
  })

  test('EVT-2: behind an id come only the later ones; an unknown id brings all', async () => {
    const run_id = await run(asked({}))
    const all = await told(run_id)
    expect(await told(run_id, all[3]?.id)).toEqual(all.slice(4))
    expect(await told(run_id, 'nonsense')).toEqual(all)
  })

  test('EVT-2: the stream follows a run that waits for a human, and ends with it', async () => {
    const run_id = await run(asked({}, 'delete the old baskets'))
    const following = told(run_id)
    const { approval } = (await server.get(`/orchestrations/runs/${run_id}`, { as: grace })).json
    await server.post(`/approvals/${approval.id}/reject`, {}, { as: grace })
    const events = await following
    expect(events.slice(-4).map(({ event }) => event)).toEqual([
      ...['run.decided', 'run.waiting', 'run.outcome', 'run.finished'],
    ])
    expect(events.at(-2)?.data).toMatchObject({ outcome: 'FAIL' })
  })

  test('EVT-2: an unknown run is 404, somebody else’s 403', async () => {
    const run_id = await run(asked({}))
    const status = async (id: string) => (await server.get(`/orchestrations/runs/${id}/events`, { as: bob })).status
    expect([await status(run_id), await status('01990000-0000-7000-8000-00000000dead')]).toEqual([403, 404])
  })
})
