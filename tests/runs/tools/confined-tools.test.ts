/** What each tool may do in the sandbox, where this machine keeps processes apart. */
import { chmodSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import { isolationHere } from '../../../src/runs/process/isolation.ts'
import type { ToolHost } from '../../../src/runs/tools/tool.ts'
import { directoryWith, executed } from '../support.ts'

const isolation = await isolationHere()
/** Not run where nothing keeps processes apart. */
const confined = test.skipIf(isolation === 'process')

const commands: PolicyInput = { tools: { run_command: { programs: ['sh', 'node'] } } }

/** A workspace with an interpreter that does what the text says. */
function workspace(text: string) {
  const workspace_root = directoryWith({ python: `#!/bin/sh\n${text}\n` })
  chmodSync(join(workspace_root, 'python'), 0o755)
  return { workspace_root, python: join(workspace_root, 'python') }
}

function pytest(host: Partial<ToolHost>, policy: PolicyInput = {}) {
  return executed({ tool: 'run_pytest', args: { test_path: 'tests' }, policy, host })
}

test('the result says what was in force, and nothing where no sandbox was', async () => {
  const host = workspace('true')
  expect((await pytest(host)).raw_output?.isolation).toBe(isolation)
  expect((await pytest({ ...host, isolation: async () => 'process' })).raw_output?.isolation).toBe('process')
  expect((await pytest(host, { sandbox: { enabled: false } })).raw_output).not.toHaveProperty('isolation')
  expect((await executed({ tool: 'http_request', args: { url: 'http://a.test' } })).raw_output).not.toHaveProperty(
    'isolation',
  )
})

confined('tests do not change the workspace, unless the policy lets them', async () => {
  const host = workspace('touch made')
  const made = () => existsSync(join(host.workspace_root, 'made'))
  expect([(await pytest(host)).status, made()]).toEqual(['failed', false])
  const open: PolicyInput = { sandbox: { container: { readonly_workspace: false } } }
  expect([(await pytest(host, open)).status, made()]).toEqual(['success', true])
})

confined('without the sandbox nothing is kept from anything', async () => {
  const host = workspace('touch made')
  expect((await pytest(host, { sandbox: { enabled: false } })).status).toBe('success')
  expect(existsSync(join(host.workspace_root, 'made'))).toBe(true)
})

confined('a command that was approved changes the workspace, and nothing around it', async () => {
  const [workspace_root, elsewhere] = [directoryWith(), directoryWith()]
  const run = (text: string) =>
    executed({
      tool: 'run_command',
      args: { program: 'sh', args: ['-c', text] },
      policy: commands,
      host: { workspace_root },
    })
  expect((await run('touch made')).status).toBe('success')
  expect(existsSync(join(workspace_root, 'made'))).toBe(true)
  const open: PolicyInput = { ...commands, sandbox: { allowed_paths: ['/'] } }
  const args = { program: 'sh', args: ['-c', `touch ${elsewhere}/made`] }
  expect((await executed({ tool: 'run_command', args, policy: open, host: { workspace_root } })).status).toBe('failed')
  expect(existsSync(join(elsewhere, 'made'))).toBe(false)
})

confined('every tool writes to the directory of its call', async () => {
  const { status, artifacts } = await pytest(workspace('echo x > "$ARTIFACT_DIR/a.txt"'))
  expect(status).toBe('success')
  expect(artifacts.some(({ path }) => path.endsWith('/a.txt'))).toBe(true)
})

confined('a tool reaches the network only where the policy says all', async () => {
  const server = createServer((socket) => socket.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const text = `require('net').connect(${port}, '127.0.0.1').on('data', () => process.exit(0)).on('error', () => process.exit(7))`
  const codeFor = async (network: object) => {
    const policy: PolicyInput = { ...commands, sandbox: { container: network } }
    const { metrics } = await executed({ tool: 'run_command', args: { program: 'node', args: ['-e', text] }, policy })
    return metrics.exit_code
  }
  const hosts = { network_policy: 'allowlist', network_allowlist: ['127.0.0.1'] }
  expect([await codeFor({}), await codeFor(hosts), await codeFor({ network_policy: 'all' })]).toEqual([7, 7, 0])
  server.close()
})

confined('SB-4: a tool’s temporary directory is one it has', async () => {
  const host = {
    ...workspace('[ "$TMPDIR" = /tmp ] && touch "$TMPDIR/x"'),
    environment: { PATH: process.env.PATH, TMPDIR: '/nowhere' },
  }
  expect(await pytest(host)).toMatchObject({ status: 'success' })
})

confined('GV-5: a tool that could not be confined did not run, which is a fault', async () => {
  const result = await pytest({ ...workspace('true'), python: 'no-such-python' })
  expect(result.raw_output).toMatchObject({ fault: 'not_started', isolation })
})
