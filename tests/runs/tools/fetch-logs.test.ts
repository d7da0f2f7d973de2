import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toolResultSchema } from '../../../machines/run/tool.ts'
import { fetchLogs } from '../../../src/runs/tools/fetch-logs.ts'
import { ToolRegistry } from '../../../src/runs/tools/registry.ts'
import type { RunRecord, RunRecords } from '../../../src/runs/tools/run-records.ts'
import { contextOf, directoryWith, hostOf, policyWith, requestOf } from '../support.ts'

const target = 'a0000000-0000-4000-8000-000000000001'

/** What a tool leaves, with its instant as the only difference. */
function kept(logged_at: string, changes: object = {}): string {
  const at = { started_at: logged_at, ended_at: logged_at }
  const result = toolResultSchema.parse({
    ...{ status: 'failed', stdout: 'said', stderr: 'shouted', error_message: 'vitest exited with code 1' },
    ...{ metrics: { duration_ms: 12 }, ...at, ...changes },
  })
  return JSON.stringify({ result, request: { tool_name: 'run_vitest' }, logged_at })
}

const files = {
  'evidence.json': '{}',
  'tools/run_vitest/tool_result.json': kept('2030-01-01T00:00:01.000Z'),
  'tools/run_vitest/stdout.log': 'said',
  'tools/run_vitest/attempt-2/tool_result.json': kept('2030-01-01T00:00:03.000Z', { status: 'success' }),
  'tools/run_vitest/ui/a.png': 'png',
}

const rows = [1, 2].map((seq) => ({
  ...{ seq, ts: `2030-01-01T00:00:0${seq * 2 - 2}.000Z`, event_type: `e${seq}`, actor: 'alice', details: {} },
}))
const audited: RunRecord = { audit: async (limit) => rows.slice(0, limit) }

/** A call whose requester sees what `seen` says of the target, null for nothing. */
async function fetched(args: object = {}, seen: RunRecord | null = audited, left: Record<string, string> = files) {
  const place = (path: string) => `${target}/${path}`
  const artifacts_root = directoryWith(
    Object.fromEntries(Object.entries(left).map(([path, text]) => [place(path), text])),
  )
  const asked: object[] = []
  const records: RunRecords = {
    open: async (question) => {
      asked.push(question)
      return seen
    },
  }
  const host = hostOf({ artifacts_root })
  const request = requestOf('fetch_logs', { target_run_id: target, ...args })
  const registry = new ToolRegistry(host, [fetchLogs(records)])
  const result = await registry.execute('fetch_logs', request, policyWith(), contextOf({ tenant: 'acme' }))
  const written = async () => {
    const text = await readFile(join(artifacts_root, result.artifact_dir ?? '', 'logs.jsonl'), 'utf8')
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }
  return { result, request, asked, written, artifacts_root }
}

describe('what is fetched', () => {
  test('6.6: results of every attempt and rows of the audit, in the order they were written', async () => {
    const { result, written } = await fetched()
    expect(result).toMatchObject({
      status: 'success',
      metrics: { steps_total: 4, steps_passed: 4, steps_failed: 0 },
      raw_output: {
        logs: [
          { log_type: 'audit', seq: 1, event_type: 'e1', actor: 'alice' },
          { log_type: 'tool', tool_name: 'run_vitest', attempt: 1, status: 'failed', ok: false },
          { log_type: 'audit', seq: 2 },
          { log_type: 'tool', tool_name: 'run_vitest', attempt: 2, status: 'success', ok: true },
        ],
        summary: { target_run_id: target, logs_count: 4, artifacts_count: 3, log_types: ['audit', 'tool'] },
      },
    })
    expect(JSON.parse(result.stdout ?? '')).toEqual(result.raw_output?.summary)
    expect(await written()).toMatchObject([
      { log_type: 'audit' },
      { log_type: 'tool', stdout: 'said', stderr: 'shouted' },
      { log_type: 'audit' },
      { log_type: 'tool' },
    ])
  })

  test('TC-4: a result is told in its short form', async () => {
    const { result } = await fetched({ log_type: 'tool', limit: 1 })
    expect(result.raw_output?.logs).toEqual([
      {
        ...{ log_type: 'tool', tool_name: 'run_vitest', attempt: 1, status: 'failed', ok: false, duration_ms: 12 },
        ...{ artifacts_count: 0, error: 'vitest exited with code 1' },
        ...{ started_at: '2030-01-01T00:00:01.000Z', ended_at: '2030-01-01T00:00:01.000Z' },
      },
    ])
  })

  test.each([
    ['tool', ['tool', 'tool']],
    ['audit', ['audit', 'audit']],
    ['all', ['audit', 'tool', 'audit', 'tool']],
  ])('6.6: the type %s picks', async (log_type, expected) => {
    const { written } = await fetched({ log_type })
    expect((await written()).map((log) => log.log_type)).toEqual(expected)
  })

  test('6.6: no more than the limit', async () => {
    const { result, written } = await fetched({ limit: 3 })
    expect(result.metrics.steps_total).toBe(3)
    expect(await written()).toHaveLength(3)
  })

  test.each([0, 1001, 1.5])('6.6: the limit %d is refused', async (limit) => {
    expect((await fetched({ limit })).result.error_message).toContain('Invalid argument limit')
  })

  test('6.6: the files are listed, without the results, unless nobody asked for them', async () => {
    const { result } = await fetched()
    expect(result.raw_output?.artifacts).toEqual([
      { path: 'evidence.json', name: 'evidence.json', size: 2 },
      { path: 'tools/run_vitest/stdout.log', name: 'stdout.log', size: 4 },
      { path: 'tools/run_vitest/ui/a.png', name: 'a.png', size: 3 },
    ])
    const without = await fetched({ include_artifacts: false })
    expect(without.result.raw_output).toMatchObject({ artifacts: [], summary: { artifacts_count: 0 } })
  })

  test('6.6: the file is there even when there is nothing in it, and is an artifact', async () => {
    const { result, written } = await fetched({}, { audit: null }, {})
    expect(result).toMatchObject({ status: 'success', metrics: { steps_total: 0 } })
    expect(await written()).toEqual([])
    expect(result.artifacts.map(({ path, type, mime }) => [path.split('/').at(-1), type, mime])).toContainEqual([
      ...['logs.jsonl', 'log', 'application/x-ndjson'],
    ])
  })

  test('what a tool put in place of a result is passed over', async () => {
    const { result } = await fetched({ log_type: 'tool' }, audited, {
      'tools/a/tool_result.json': 'not JSON',
      'tools/b/tool_result.json': '{"logged_at":"2030-01-01T00:00:01.000Z","result":{}}',
      'tools/c/tool_result.json': kept('2030-01-01T00:00:01.000Z'),
      'tools/c/attempt-x/tool_result.json': kept('2030-01-01T00:00:01.000Z'),
    })
    expect(result.raw_output?.logs).toMatchObject([{ tool_name: 'c', attempt: 1 }])
  })

  test('a link leads to nothing', async () => {
    const secret = directoryWith({ 'tool_result.json': kept('2030-01-01T00:00:01.000Z'), 's.txt': '' })
    const host = hostOf()
    const path = join(host.artifacts_root, target, 'tools/x')
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(secret, path)
    mkdirSync(join(host.artifacts_root, target, 'tools/y'))
    symlinkSync(join(secret, 'tool_result.json'), join(host.artifacts_root, target, 'tools/y/tool_result.json'))
    writeFileSync(join(host.artifacts_root, target, 'z'), '')
    const registry = new ToolRegistry(host, [fetchLogs({ open: async () => ({ audit: null }) })])
    const request = requestOf('fetch_logs', { target_run_id: target })
    const { raw_output } = await registry.execute('fetch_logs', request, policyWith(), contextOf())
    expect(raw_output).toMatchObject({ logs: [], artifacts: [{ path: 'z' }] })
  })
})

describe('who may', () => {
  test.each(['x', '../a', `${target}x`, ''])('6.6: "%s" is no run', async (target_run_id) => {
    const { result, asked } = await fetched({ target_run_id })
    expect(result).toMatchObject({ status: 'failed', error_message: expect.stringMatching(/^Invalid UUID/) })
    expect(asked).toEqual([])
  })

  test('6.6, AC-4: a run the requester may not see is as good as one that does not exist', async () => {
    const { result, written } = await fetched({}, null)
    expect(result).toMatchObject({
      status: 'success',
      raw_output: { logs: [], artifacts: [], summary: { logs_count: 0, artifacts_count: 0, log_types: [] } },
    })
    expect(await written()).toEqual([])
    expect((await fetched({ log_type: 'audit' }, null)).result.status).toBe('success')
  })

  test('AC-4: what may be seen is asked for the run that asks, in its tenant', async () => {
    const { asked, request } = await fetched()
    expect(asked).toEqual([{ tenant: 'acme', run_id: request.run_id, target_run_id: target }])
  })

  test('AC-5: without the right to read audits there are none', async () => {
    const { result } = await fetched({}, { audit: null })
    expect(result.raw_output?.summary).toMatchObject({ logs_count: 2, log_types: ['tool'] })
    expect((await fetched({ log_type: 'audit' }, { audit: null })).result).toMatchObject({
      status: 'failed',
      error_message: expect.stringContaining('audit:read'),
    })
  })
})

test('6.6, TR-4: reads, may run again, and needs no sandbox', async () => {
  const records: RunRecords = { open: async () => null }
  expect(fetchLogs(records)).toMatchObject({ effects: 'read', rerunnable: true, sandboxable: false })
})

test('TX-7: a dry run asks nobody', async () => {
  const asked: object[] = []
  const open = async (question: object) => {
    asked.push(question)
    return null
  }
  const registry = new ToolRegistry(hostOf(), [fetchLogs({ open })])
  const request = requestOf('fetch_logs', { target_run_id: target.toUpperCase() }, { dry_run: true })
  const result = await registry.execute('fetch_logs', request, policyWith(), contextOf())
  expect(result).toMatchObject({ status: 'skipped', raw_output: { planned: { target_run_id: target, limit: 100 } } })
  expect(asked).toEqual([])
})
