import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import { builtInTools } from '../../../src/runs/tools/built-in-tools.ts'
import { type CallContext, ToolRegistry } from '../../../src/runs/tools/registry.ts'
import { executeWithRetries } from '../../../src/runs/tools/retries.ts'
import type { Tool } from '../../../src/runs/tools/tool.ts'
import { contextOf, directoryWith, hostOf, policyWith, requestOf } from '../support.ts'

/** What a start of the interpreter does: ends by a signal, never ends, or exits with a code and a report. */
type Deed = 'dies' | 'hangs' | 'passes' | 'fails'

/**
 * A program in the interpreter's place that does one deed after the other, the last one again and again, and counts
 * its starts.
 */
function interpreter(...deeds: Deed[]) {
  const home = directoryWith({
    python: `#!${process.execPath}
      const { appendFileSync, readFileSync, writeFileSync } = require('node:fs')
      appendFileSync(__dirname + '/starts', '.')
      const start = readFileSync(__dirname + '/starts', 'utf8').length
      const deeds = ${JSON.stringify(deeds)}
      const report = (xml) => writeFileSync(process.env.ARTIFACT_DIR + '/junit.xml', xml)
      console.log('start ' + start)
      const doing = {
        dies: () => process.kill(process.pid, 'SIGKILL'),
        hangs: () => setInterval(() => {}, 1000),
        passes: () => report('<testsuite tests="1"/>'),
        fails: () => { report('<testsuite tests="1" failures="1"/>'); process.exitCode = 1 },
      }
      setTimeout(doing[deeds[start - 1] ?? deeds.at(-1)], 20)`,
  })
  const python = join(home, 'python')
  chmodSync(python, 0o755)
  const starts = () => (existsSync(join(home, 'starts')) ? readFileSync(join(home, 'starts'), 'utf8').length : 0)
  return { python, starts }
}

interface Asked {
  readonly policy?: PolicyInput
  readonly timeout_s?: number
  readonly tool?: string
  readonly args?: object
  readonly context?: Partial<CallContext>
}

/** One call of `run_pytest` with that interpreter, twice under the same id where `again` says so. */
function calling(python: string) {
  // It counts its starts outside of its own directory.
  const host = hostOf({ python, isolation: async () => 'process' })
  const registry = new ToolRegistry(host, builtInTools)
  const run_id = crypto.randomUUID()
  const file = (path: string) => readFile(join(host.artifacts_root, run_id, path), 'utf8')
  const call = ({ policy, timeout_s = 60, tool = 'run_pytest', args = { test_path: 'tests' }, context }: Asked = {}) =>
    executeWithRetries(
      { registry, ...host },
      requestOf(tool, args, { run_id, timeout_s }),
      policyWith(policy),
      contextOf(context),
    )
  return { call, file, artifacts_root: host.artifacts_root }
}

const retries = (max_retries: number, more: object = {}): PolicyInput => ({
  cost_governance: { max_retries, ...more },
})

describe('a fault', () => {
  test('GV-2, GV-5: is answered with another attempt, and success with none', async () => {
    const { python, starts } = interpreter('dies', 'dies', 'passes')
    const log = vi.fn()
    const result = await calling(python).call({ policy: retries(5), context: { log } })
    expect(result).toMatchObject({ status: 'success', error_message: null, stdout: 'start 3\n' })
    expect(starts()).toBe(3)
    expect(log.mock.calls.map(([, fields]) => fields)).toEqual([
      { tool_name: 'run_pytest', fault: 'signal', attempt: 1 },
      { tool_name: 'run_pytest', fault: 'signal', attempt: 2 },
    ])
  })

  test.each([0, 1, 2])('GV-2: is tried again %i times at most when the policy grants so many', async (granted) => {
    const { python, starts } = interpreter('dies')
    const result = await calling(python).call({ policy: retries(granted) })
    expect(result).toMatchObject({ status: 'failed', error_message: 'pytest ended by SIGKILL' })
    expect(starts()).toBe(1 + granted)
  })

  test('GV-5: a process that does not start is one', async () => {
    const result = await calling('/no/such/python').call({ policy: retries(1) })
    expect(result).toMatchObject({ status: 'failed', metrics: { attempts: 2, retries_used: 1 } })
  })

  test('GV-3: the metrics are of all attempts together', async () => {
    const { python } = interpreter('hangs', 'passes')
    const { metrics } = await calling(python).call({ policy: retries(3), timeout_s: 1 })
    expect(metrics).toMatchObject({ attempts: 2, retries_used: 1, timed_out: false, steps_passed: 1 })
    expect(metrics.duration_ms).toBeGreaterThanOrEqual(1000)
  })

  test('GV-3, GV-4: a last attempt that timed out is named, and keeps what it said', async () => {
    const { python } = interpreter('dies', 'hangs')
    expect(await calling(python).call({ policy: retries(1), timeout_s: 1 })).toMatchObject({
      status: 'timeout',
      error_message: 'pytest timed out after 1 s (attempt 2)',
      stdout: 'start 2\n',
      metrics: { attempts: 2, retries_used: 1, timed_out: true },
    })
  })

  test('GV-5: gets no other attempt once the time is used up', async () => {
    const { python, starts } = interpreter('hangs')
    const result = await calling(python).call({ policy: retries(5, { timeout_s: 2 }), timeout_s: 1 })
    expect(result).toMatchObject({ status: 'timeout', metrics: { attempts: 2 } })
    expect(starts()).toBe(2)
  })

  test('GV-5: of a tool that must not run twice is its last word', async () => {
    const policy: PolicyInput = { ...retries(5), tools: { run_command: { programs: ['node'] } } }
    const args = { program: 'node', args: ['-e', 'process.kill(process.pid, "SIGKILL")'] }
    const result = await calling('python3').call({ policy, tool: 'run_command', args })
    expect(result).toMatchObject({ error_message: 'node ended by SIGKILL', metrics: { attempts: 1, retries_used: 0 } })
  })

  test('GV-5: is not tried again when nobody wants it any more', async () => {
    const { python, starts } = interpreter('hangs')
    const abort = new AbortController()
    const running = calling(python).call({ policy: retries(5), context: { signal: abort.signal } })
    await vi.waitUntil(() => starts() === 1, { timeout: 10_000 })
    abort.abort('abort')
    expect(await running).toMatchObject({ status: 'cancelled', metrics: { attempts: 1 } })
    expect(starts()).toBe(1)
  })
})

test('GV-5: a fault that comes together with the end of all interest is the last word', async () => {
  const abort = new AbortController()
  let runs = 0
  const flaky: Tool<object> = {
    ...{ name: 'flaky', description: '', version: '1.0.0', tags: [], effects: 'read', rerunnable: true },
    ...{ sandboxable: false, args: z.strictObject({}), risk_text: () => '' },
    prepare: async () => ({
      planned: {},
      run: async () => {
        runs += 1
        abort.abort('abort')
        const silent = { stdout: '', stderr: '', metrics: {}, raw_output: {} }
        return { status: 'failed', fault: 'connection', error_message: 'broken', ...silent }
      },
    }),
  }
  const host = hostOf()
  const call = { registry: new ToolRegistry(host, [flaky]), artifacts_root: host.artifacts_root }
  await executeWithRetries(call, requestOf('flaky'), policyWith(), contextOf({ signal: abort.signal }))
  expect(runs).toBe(1)
})

describe('what a tool says is never asked again (GV-5)', () => {
  test('red tests', async () => {
    const { python, starts } = interpreter('fails')
    expect(await calling(python).call({ policy: retries(5) })).toMatchObject({
      error_message: 'pytest exited with code 1',
      metrics: { attempts: 1, retries_used: 0 },
    })
    expect(starts()).toBe(1)
  })

  test.each([
    ['a wrong argument', { args: { test_path: '../x' } }, 'Invalid test_path'],
    ['a missing argument', { args: {} }, 'Missing required argument'],
    ['a policy that does not allow it', { policy: { tools: { allowlist: ['x'] } } }, 'not in policy allowlist'],
    ['a sandbox that blocks it', { policy: { sandbox: { blocked_commands: ['python'] } } }, 'Sandbox blocked'],
  ])('%s', async (_, asked: Asked, message) => {
    const { python, starts } = interpreter('passes')
    expect(await calling(python).call(asked)).toMatchObject({
      status: 'failed',
      error_message: expect.stringContaining(message),
      metrics: { attempts: 1 },
    })
    expect(starts()).toBe(0)
  })

  test('GV-6: a tool nobody registered', async () => {
    await expect(calling('python3').call({ tool: 'none', args: {} })).rejects.toThrow('Tool not found: none')
  })
})

describe('files', () => {
  test('TX-1: each other attempt has a directory of its own, and the last one’s files are the call’s', async () => {
    const { python } = interpreter('dies', 'passes')
    const { call, file } = calling(python)
    const { artifact_dir, artifacts, raw_output } = await call({ policy: retries(1) })
    expect(artifact_dir).toMatch(/\/tools\/run_pytest\/attempt-2$/)
    expect(artifacts.map(({ path }) => path.replace(/^[^/]*\//, ''))).toEqual([
      'tools/run_pytest/attempt-2/junit.xml',
      'tools/run_pytest/attempt-2/stdout.log',
      'tools/run_pytest/attempt-2/stderr.log',
    ])
    expect(raw_output?.junit_path).toBe(`${artifact_dir}/junit.xml`)
    expect(await file('tools/run_pytest/stdout.log')).toBe('start 1\n')
  })

  test('TX-5: every attempt leaves its result', async () => {
    const { python } = interpreter('dies', 'dies', 'passes')
    const { call, file } = calling(python)
    const result = await call({ policy: retries(2) })
    const kept = async (folder: string) => JSON.parse(await file(`tools/run_pytest/${folder}tool_result.json`)).result
    expect(await kept('')).toMatchObject({
      status: 'failed',
      metrics: { attempts: 1 },
      raw_output: { fault: 'signal' },
    })
    expect(await kept('attempt-2/')).toMatchObject({ metrics: { attempts: 2, retries_used: 1 } })
    expect(await kept('attempt-3/')).toEqual(result)
  })
})

describe('a delivery whose server died (ST-4)', () => {
  test('goes on with the attempt that was under way', async () => {
    const { python, starts } = interpreter('dies', 'hangs', 'passes')
    const { call, file } = calling(python)
    const stopping = new AbortController()
    const first = call({ policy: retries(3), context: { signal: stopping.signal } })
    await vi.waitUntil(() => starts() === 2, { timeout: 10_000 })
    stopping.abort('stopping')
    await first
    const second = await call({ policy: retries(3), context: { delivery: 2 } })
    expect(second).toMatchObject({ status: 'success', metrics: { attempts: 2, retries_used: 1 } })
    expect(second.artifact_dir).toMatch(/attempt-2$/)
    expect([await file('tools/run_pytest/stdout.log'), starts()]).toEqual(['start 1\n', 3])
  })

  test('is granted no attempt that the policy does not grant', async () => {
    const { python, starts } = interpreter('dies')
    const { call } = calling(python)
    await call({ policy: retries(3) })
    const second = await call({ policy: retries(1), context: { delivery: 2 } })
    expect([second.metrics.attempts, starts()]).toEqual([2, 5])
  })

  test('begins with the first attempt when none had begun', async () => {
    const { python } = interpreter('passes')
    const result = await calling(python).call({ context: { delivery: 2 } })
    expect(result).toMatchObject({ status: 'success', metrics: { attempts: 1 } })
  })
})
