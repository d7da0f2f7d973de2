import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import { toolResultSchema } from '../../../machines/run/tool.ts'
import { builtInTools } from '../../../src/runs/tools/built-in-tools.ts'
import { ToolRegistry } from '../../../src/runs/tools/registry.ts'
import { type Ran, type Tool, type ToolCall, ToolNotFoundError } from '../../../src/runs/tools/tool.ts'
import { contextOf, hostOf, policyWith, requestOf } from '../support.ts'

const args = z.strictObject({ word: z.string(), times: z.int().optional() })

/** A tool that starts nothing and says what it was told. */
function echo(changes: Partial<Tool<z.infer<typeof args>>> = {}, ran: Partial<Ran> = {}) {
  const runs: ToolCall[] = []
  const tool: Tool<z.infer<typeof args>> = {
    ...{ name: 'echo', description: 'Says what it was told', version: '1.0.0', tags: [] },
    ...{ effects: 'read', rerunnable: true, sandboxable: true, args },
    risk_text: ({ word }) => `say ${word}`,
    prepare: async ({ word }, call) => ({
      planned: { word, secret: 'never shown' },
      run: async () => {
        runs.push(call)
        return { status: 'success', error_message: null, stdout: word, stderr: '', metrics: {}, raw_output: {}, ...ran }
      },
    }),
    ...changes,
  }
  return { tool, runs }
}

async function call(
  tool: Tool<z.infer<typeof args>>,
  given: { policy?: PolicyInput; args?: object; request?: object; context?: object } = {},
) {
  const host = hostOf()
  const request = requestOf(tool.name, given.args ?? { word: 'hello' }, given.request)
  const registry = new ToolRegistry(host, [tool])
  const result = await registry.execute(tool.name, request, policyWith(given.policy), contextOf(given.context))
  return { result, request, directory: join(host.artifacts_root, request.run_id, 'tools', tool.name) }
}

describe('the list of tools (TR-1)', () => {
  const registry = new ToolRegistry(hostOf(), builtInTools)

  test('knows the built-in tools and what they declare (TR-2, TR-4)', () => {
    expect(registry.list()).toEqual(['run_vitest', 'run_pytest', 'run_playwright', 'run_command', 'http_request'])
    expect(registry.listMetadata().map((tool) => [tool.name, tool.effects, tool.rerunnable, tool.sandboxable])).toEqual(
      [
        ['run_vitest', 'test', true, true],
        ['run_pytest', 'test', true, true],
        ['run_playwright', 'test', true, true],
        ['run_command', 'mutate', false, true],
        ['http_request', 'mutate', false, false],
      ],
    )
    expect(registry.metadata('run_pytest').args_schema).toMatchObject({ required: ['test_path'] })
  })

  test('a second tool of the same name replaces the first with a warning, the same again does nothing', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const own = new ToolRegistry(hostOf(), builtInTools)
    for (const tool of builtInTools) own.register(tool)
    expect(warned).not.toHaveBeenCalled()
    own.register({ ...echo().tool, name: 'run_vitest' })
    expect(warned).toHaveBeenCalledWith('Tool "run_vitest" is replaced by another')
    expect(own.metadata('run_vitest').description).toBe('Says what it was told')
    warned.mockRestore()
  })

  test('a tool can be taken out once', () => {
    const own = new ToolRegistry(hostOf(), [echo().tool])
    expect([own.exists('echo'), own.unregister('echo'), own.unregister('echo'), own.exists('echo')]).toEqual([
      ...[true, true, false, false],
    ])
  })

  test('a tool nobody registered is named', () => {
    expect(() => registry.get('none')).toThrow(new ToolNotFoundError('none'))
    expect(() => registry.get('none')).toThrow(expect.objectContaining({ tool_name: 'none' }))
  })

  test('HR-1: tells the planner what a call is about to do, whether or not its arguments fit', () => {
    expect(registry.facts('run_command', { program: 'git', args: ['push', 'main'] })).toEqual({
      effects: 'mutate',
      risk_text: 'git push main',
    })
    expect(registry.facts('run_command', { drop: ['table'] })?.risk_text).toContain('table')
    expect(registry.facts('none', {})).toBeNull()
  })
})

describe('a call, in this order (TR-3)', () => {
  test('an allow-list without the tool blocks it, before anybody looks it up', async () => {
    const registry = new ToolRegistry(hostOf(), [])
    const policy = policyWith({ tools: { allowlist: ['other'] } })
    const result = await registry.execute('none', requestOf('none'), policy, contextOf())
    expect(result).toMatchObject({
      status: 'failed',
      error_message: "Tool 'none' not in policy allowlist",
      raw_output: { decision_source: 'policy_block' },
    })
  })

  test('a tool that does not exist is thrown', async () => {
    const registry = new ToolRegistry(hostOf(), [])
    await expect(registry.execute('none', requestOf('none'), policyWith(), contextOf())).rejects.toThrow(
      'Tool not found: none',
    )
  })

  test('an empty allow-list allows everything, and a named tool is allowed', async () => {
    expect((await call(echo().tool)).result.status).toBe('success')
    expect((await call(echo().tool, { policy: { tools: { allowlist: ['echo'] } } })).result.status).toBe('success')
  })

  test('the sandbox is handed to a tool that can use it, if the policy has it on', async () => {
    const [fenced, open, never] = [echo(), echo(), echo({ sandboxable: false })]
    await call(fenced.tool, { policy: { sandbox: { blocked_commands: ['x'] } } })
    await call(open.tool, { policy: { sandbox: { enabled: false } } })
    await call(never.tool)
    expect(fenced.runs[0]?.sandbox).toMatchObject({ blocked_commands: ['x'] })
    expect(open.runs[0]?.sandbox).toBeNull()
    expect(never.runs[0]?.sandbox).toBeNull()
  })

  test('CN-1: asked for a container it cannot start, it starts nothing', async () => {
    const { tool, runs } = echo()
    const { result } = await call(tool, { policy: { sandbox: { mode: 'container' } } })
    expect(result).toMatchObject({
      status: 'failed',
      error_message: expect.stringContaining('Sandbox blocked: sandbox.mode is container'),
      metrics: { exit_code: -1 },
      raw_output: { decision_source: 'sandbox_block', sandbox_exec: { status: 'blocked' } },
    })
    expect(runs).toEqual([])
  })

  test.each([
    [{}, 'Missing required argument: word'],
    [{ word: 1 }, 'Invalid argument word'],
    [{ word: 'x', loud: true }, 'Unknown argument: loud'],
  ])('RN-2: arguments %o fail and are named', async (wrong, message) => {
    const { tool, runs } = echo()
    const { result, directory } = await call(tool, { args: wrong })
    expect(result).toMatchObject({ status: 'failed', error_message: expect.stringContaining(message) })
    expect(runs).toEqual([])
    expect(existsSync(directory)).toBe(false)
  })

  test('TX-7: a dry run plans and starts nothing', async () => {
    const { tool, runs } = echo()
    const would_require_approval = { stage: 'gate', match: 'drop', reason: 'High risk' }
    const { result, directory } = await call(tool, { request: { dry_run: true }, context: { would_require_approval } })
    expect(result).toMatchObject({
      status: 'skipped',
      raw_output: { planned: { word: 'hello', secret: '[REDACTED]' }, would_require_approval },
    })
    expect(runs).toEqual([])
    expect(existsSync(directory)).toBe(false)
  })

  test('what a tool throws is a failed call with its message', async () => {
    const broken = echo({ prepare: () => Promise.reject(new Error('no such luck')) })
    expect((await call(broken.tool)).result).toMatchObject({ status: 'failed', error_message: 'no such luck' })
  })

  test('GV-1: the strictest of the three limits holds, the sandbox’s only in the sandbox', async () => {
    const policy = { cost_governance: { timeout_s: 50 }, sandbox: { timeout_s: 40 } }
    const limitOf = async (tool: ReturnType<typeof echo>, timeout_s: number) => {
      await call(tool.tool, { policy, request: { timeout_s } })
      return tool.runs[0]?.timeout_s
    }
    expect(await limitOf(echo(), 60)).toBe(40)
    expect(await limitOf(echo({ sandboxable: false }), 60)).toBe(50)
    expect(await limitOf(echo(), 30)).toBe(30)
  })
})

describe('a call that is handed out again (ST-4, D23)', () => {
  test('runs again when the tool allows it, in an empty directory', async () => {
    const { tool, runs } = echo()
    const host = hostOf()
    const request = requestOf('echo', { word: 'hello' })
    const registry = new ToolRegistry(host, [tool])
    const stale = join(host.artifacts_root, request.run_id, 'tools/echo/junit.xml')
    await registry.execute('echo', request, policyWith(), contextOf())
    await writeFile(stale, '<testsuite tests="1"/>')
    const again = await registry.execute('echo', request, policyWith(), contextOf({ delivery: 2 }))
    expect(runs).toHaveLength(2)
    expect(again.artifacts.map(({ type }) => type)).toEqual(['stdout', 'stderr'])
  })

  test('is interrupted when the tool must not run twice', async () => {
    const { tool, runs } = echo({ rerunnable: false })
    const { result } = await call(tool, { context: { delivery: 2 } })
    expect(result).toMatchObject({ status: 'failed', error_message: 'interrupted', metrics: { attempts: 1 } })
    expect(runs).toEqual([])
  })

  test('is blocked all the same where it was blocked before', async () => {
    const { tool } = echo({ rerunnable: false })
    const { result } = await call(tool, { context: { delivery: 2 }, policy: { tools: { allowlist: ['x'] } } })
    expect(result.raw_output).toMatchObject({ decision_source: 'policy_block' })
  })
})

describe('the result', () => {
  test('TX-1: names its directory and files below the root, never from it', async () => {
    const { result, request, directory } = await call(echo().tool)
    expect(result.artifact_dir).toBe(`${request.run_id}/tools/echo`)
    expect(result.artifacts[0]).toMatchObject({
      path: `${request.run_id}/tools/echo/stdout.log`,
      metadata: { rel_path: 'tools/echo/stdout.log' },
    })
    expect(existsSync(directory)).toBe(true)
  })

  test('TX-4: holds ten thousand characters of a stream, the artifact holds all', async () => {
    const { result, directory } = await call(echo({}, { stdout: 'x'.repeat(30_000) }).tool)
    expect(result.stdout).toBe(`${'x'.repeat(10_000)}\n[truncated: 30000 characters in all]`)
    expect(await readFile(join(directory, 'stdout.log'), 'utf8')).toHaveLength(30_000)
  })

  test('TX-2: is timed from the first check to the last file, in the clock of the host', async () => {
    const { result } = await call(echo().tool)
    expect(result).toMatchObject({ started_at: '2030-01-02T03:04:05.000Z', ended_at: '2030-01-02T03:04:05.000Z' })
    expect(result.metrics.duration_ms).toBeGreaterThanOrEqual(0)
  })

  test('TX-5: is kept beside its artifacts, with the request redacted', async () => {
    const secretive = echo({ args: args.extend({ token: z.string() }) })
    const { result, directory, request } = await call(secretive.tool, { args: { word: 'x', token: 's3cret' } })
    const kept = JSON.parse(await readFile(join(directory, 'tool_result.json'), 'utf8'))
    expect(toolResultSchema.parse(kept.result)).toEqual(result)
    expect(kept.request.args).toEqual({ word: 'x', token: '[REDACTED]' })
    expect(kept.logged_at).toBe('2030-01-02T03:04:05.000Z')
    expect(request.args).toEqual({ word: 'x', token: 's3cret' })
    expect(result.artifacts.some(({ path }) => path.endsWith('tool_result.json'))).toBe(false)
  })

  test('TX-3: counts what the limits left out, and says so in the log', async () => {
    const log = vi.fn()
    const { result } = await call(echo().tool, { policy: { artifact_limits: { max_count: 1 } }, context: { log } })
    expect(result.metrics).toMatchObject({ dropped_count: 1, dropped_bytes: 0 })
    expect(log).toHaveBeenCalledOnce()
  })

  test('INV-7, D5: is free of places of this machine and of what the database cannot hold', async () => {
    const host = hostOf()
    const said = { stdout: `in ${host.workspace_root}/a\0`, error_message: `${host.workspace_root} is no good` }
    const { result } = await call(echo({}, { ...said, status: 'failed' }).tool)
    expect(result.stdout).toBe('in <workspace>/a\\u0000')
    expect(result.error_message).toBe('<workspace> is no good')
  })
})
