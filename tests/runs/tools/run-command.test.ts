import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import { directoryWith, executed } from '../support.ts'

const policy: PolicyInput = { tools: { run_command: { programs: ['node', 'cat', 'rm'] } } }

function command(args: object, more: { policy?: PolicyInput; workspace_root?: string; artifacts_root?: string } = {}) {
  const { policy: other, ...host } = more
  return executed({ tool: 'run_command', args, policy: other ?? policy, host })
}

const node = (text: string, more: object = {}) => command({ program: 'node', args: ['-e', text], ...more })

describe('the fence of the policy', () => {
  test('6.5: only a listed program starts, by exactly its name', async () => {
    for (const program of ['ls', './node', '/usr/bin/node', 'NODE']) {
      expect(await command({ program })).toMatchObject({
        status: 'failed',
        error_message: `Program '${program}' not in policy tools.run_command.programs`,
        raw_output: { decision_source: 'policy_block' },
      })
    }
  })

  test('SB-1: a listed program can still be a blocked one', async () => {
    expect(await command({ program: 'rm', args: ['tests/x'] })).toMatchObject({
      error_message: 'Sandbox blocked: the command rm is blocked',
      raw_output: { decision_source: 'sandbox_block' },
    })
  })

  test('SB-2: a forbidden pattern anywhere in the command blocks it', async () => {
    expect((await node('console.log("sudo reboot")')).error_message).toContain('the pattern "sudo"')
  })

  test.each(['src/cart.js', '../other', '/etc/passwd', '--file=src/cart.js', '-Isrc/x', '..', '~/x', 'src\\cart.js'])(
    'SB-3: the argument %s is a path out of bounds',
    async (path) => {
      expect((await command({ program: 'cat', args: [path] })).error_message).toContain('Sandbox blocked:')
    },
  )

  test.each(['tests/unit/cart.test.js', 'package.json', '--file=tests/unit/cart.test.js'])(
    'SB-3: the argument %s is none',
    async (path) => {
      const result = await node('', { args: ['-e', '', '--', path] })
      expect(result.status).toBe('success')
    },
  )

  test('SB-3: an address is no path', async () => {
    expect((await node('', { args: ['-e', '', 'https://example.test/a/b'] })).status).toBe('success')
  })

  test('without the sandbox paths are the program’s own business, the list of programs stays', async () => {
    const open = { ...policy, sandbox: { enabled: false } }
    expect((await command({ program: 'cat', args: ['src/cart.js'] }, { policy: open })).status).toBe('success')
    expect((await command({ program: 'ls' }, { policy: open })).status).toBe('failed')
  })

  test.each(['PATH', 'NODE_OPTIONS', 'LD_PRELOAD', 'PYTHONPATH', 'CHANCERY_OWNER', 'BASH_ENV', 'a b'])(
    'the variable %s cannot be set',
    async (name) => {
      expect((await node('', { env: { [name]: 'x' } })).error_message).toContain(`Invalid argument env.${name}`)
    },
  )
})

describe('a program that runs', () => {
  test('6.5: succeeds with the exit code that was expected', async () => {
    expect(await node('process.exitCode = 3')).toMatchObject({
      status: 'failed',
      error_message: 'node exited with code 3',
      metrics: { exit_code: 3, steps_total: 0 },
    })
    expect((await node('process.exitCode = 3', { expect_exit_codes: [0, 3] })).status).toBe('success')
    expect((await node('', { expect_exit_codes: [3] })).status).toBe('failed')
  })

  test('6.5: is given its input and its variables', async () => {
    const text = 'process.stdin.pipe(process.stdout); process.stdout.write(process.env.GREETING)'
    expect((await node(text, { env: { GREETING: 'hello ' }, stdin: 'world' })).stdout).toBe('hello world')
  })

  test('6.5: leaves its streams as artifacts', async () => {
    const artifacts_root = directoryWith()
    const result = await command(
      { program: 'node', args: ['-e', 'console.log("out"); console.error("err")'] },
      { artifacts_root },
    )
    expect(result.artifacts.map(({ type }) => type)).toEqual(['stdout', 'stderr'])
    expect(await readFile(join(artifacts_root, result.artifacts[1]?.path ?? ''), 'utf8')).toBe('err\n')
  })

  test('6.5: says its steps in a report', async () => {
    const workspace_root = directoryWith({
      'tests/tool.cjs': `const { mkdirSync, writeFileSync } = require('fs')
        mkdirSync(process.env.ARTIFACT_DIR + '/repro')
        writeFileSync(process.env.ARTIFACT_DIR + '/repro/r.xml', '<testsuite tests="4" failures="1" skipped="1"/>')`,
    })
    const args = { program: 'node', args: ['tests/tool.cjs'], junit_path: 'repro/r.xml' }
    expect(await command(args, { workspace_root })).toMatchObject({
      metrics: { steps_total: 4, steps_passed: 2, steps_failed: 1 },
      raw_output: { junit_path: expect.stringMatching(/tools\/run_command\/repro\/r\.xml$/) },
    })
    expect((await node('', { junit_path: 'none.xml' })).raw_output?.junit_path).toBeNull()
  })

  test.each(['../r.xml', '/tmp/r.xml', 'a/../../r.xml'])('6.5: a report at %s is refused', async (junit_path) => {
    expect((await node('', { junit_path })).error_message).toContain('Invalid junit_path')
  })

  test('SB-6: a listed program that does not exist is named', async () => {
    const missing = { tools: { run_command: { programs: ['no-such-program'] } } }
    expect(await command({ program: 'no-such-program' }, { policy: missing })).toMatchObject({
      status: 'failed',
      error_message: 'Command not found: no-such-program',
      metrics: { exit_code: -1 },
    })
  })

  test('a signal that ended it is named', async () => {
    expect(await node('process.kill(process.pid, "SIGKILL")')).toMatchObject({
      error_message: 'node ended by SIGKILL',
      metrics: { exit_code: -1 },
    })
  })

  test('a result is not kept waiting by a pipe the program put in place of its own log', async () => {
    const text = `process.chdir(process.env.ARTIFACT_DIR); require('child_process').execFileSync('mkfifo', ['stdout.log'])`
    expect((await node(text)).status).toBe('success')
  })

  test('7.1: is warned about when it holds more memory than the policy expects, and goes on', async () => {
    const modest = { ...policy, sandbox: { memory_limit_mb: 64 } }
    const args = { program: 'node', args: ['-e', 'held = Buffer.alloc(1e8, 1); setTimeout(() => {}, 1500)'] }
    const { status, raw_output } = await command(args, { policy: modest })
    expect(status).toBe('success')
    expect(raw_output?.resource_warning).toMatch(/^Held \d+ MB of memory, 64 MB were expected at most$/)
    expect((await node('')).raw_output?.resource_warning).toBeNull()
  })

  test('SB-8: is cancelled when nobody wants it any more', async () => {
    const abort = new AbortController()
    const args = { program: 'node', args: ['-e', 'console.log("on it"); setInterval(() => {}, 1000)'] }
    const running = executed({ tool: 'run_command', args, policy, context: { signal: abort.signal } })
    abort.abort('abort')
    expect(await running).toMatchObject({ status: 'cancelled', error_message: 'node was cancelled' })
  })
})
