import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { directoryWith, executed, shop } from '../support.ts'

const nodeModules = fileURLToPath(new URL('../../../node_modules', import.meta.url))

/** A project with a vitest of its own. */
function projectWith(files: Readonly<Record<string, string>>): string {
  const root = directoryWith({ 'package.json': '{"type":"module"}', 'vitest.config.js': 'export default {}', ...files })
  symlinkSync(nodeModules, join(root, 'node_modules'))
  return root
}

test('6.3: the green tests of the sample pass, each of them a step', async () => {
  const result = await executed({ tool: 'run_vitest' })
  expect(result).toMatchObject({
    status: 'success',
    error_message: null,
    metrics: { exit_code: 0, steps_total: 17, steps_passed: 17, steps_failed: 0, timed_out: false, attempts: 1 },
    raw_output: { exit_code: 0, junit: { tests: 17, partial: false }, failed_tests: [] },
  })
  expect(result.raw_output?.junit_path).toBe(`${result.artifact_dir}/junit.xml`)
  expect(result.artifacts.map(({ type }) => type)).toEqual(['junit_xml', 'stdout', 'stderr'])
  expect(result.stdout).toContain('RUN')
})

test('6.3: red tests fail the call, and are named', async () => {
  const result = await executed({ tool: 'run_vitest', args: { test_path: 'test/broken' } })
  expect(result).toMatchObject({
    status: 'failed',
    error_message: 'vitest exited with code 1',
    metrics: { exit_code: 1, steps_total: 3, steps_passed: 1, steps_failed: 2 },
    raw_output: {
      failed_tests: [
        { classname: 'test/broken/pricing.test.js', name: 'shipping is free for everybody' },
        { classname: 'test/broken/pricing.test.js', name: 'vouchers are written in any case' },
      ],
    },
  })
})

test('6.3: a name pattern picks tests, the others are skipped', async () => {
  const { metrics, raw_output } = await executed({ tool: 'run_vitest', args: { name_pattern: 'voucher' } })
  expect(metrics).toMatchObject({ exit_code: 0, steps_total: 17, steps_passed: 2 })
  expect(raw_output).toMatchObject({ junit: { skipped: 15 } })
})

test('6.3: an error nobody handles fails the call although its test is green', async () => {
  const workspace_root = projectWith({
    'tests/a.test.js': `import { test } from 'vitest'
      test('is fine', () => { setTimeout(() => { throw new Error('too late') }) ; return new Promise((done) => setTimeout(done, 50)) })`,
  })
  const result = await executed({ tool: 'run_vitest', host: { workspace_root } })
  expect(result).toMatchObject({ status: 'failed', metrics: { exit_code: 1, steps_passed: 1 } })
})

test('6.3: a path without tests fails the call', async () => {
  const result = await executed({ tool: 'run_vitest', args: { test_path: 'tests/none' } })
  expect(result).toMatchObject({
    status: 'failed',
    error_message: 'vitest exited with code 1',
    metrics: { steps_total: 0 },
  })
})

test('6.3: tests is the directory tests and no other that begins like it', async () => {
  const green = `import { test } from 'vitest'; test('is fine', () => {})`
  const workspace_root = projectWith({ 'tests/a.test.js': green, 'tests-of-others/b.test.js': green })
  const { metrics } = await executed({ tool: 'run_vitest', host: { workspace_root } })
  expect(metrics.steps_total).toBe(1)
})

test('RN-3, SB-4: tests know their directory for artifacts, and no secret of the server', async () => {
  const workspace_root = projectWith({
    'tests/a.test.js': `import { test } from 'vitest'
      import { writeFileSync } from 'node:fs'
      test('tells', () => {
        writeFileSync(process.env.ARTIFACT_DIR + '/seen.json', JSON.stringify([process.env.MY_TOKEN, process.env.HOME]))
      })`,
  })
  const environment = { PATH: process.env.PATH, HOME: '/home/x', MY_TOKEN: 's3cret' }
  const result = await executed({ tool: 'run_vitest', host: { workspace_root, environment } })
  expect(result.artifacts.find(({ path }) => path.endsWith('seen.json'))).toMatchObject({ type: 'other', size: 16 })
})

test('GV-4, SB-8: time that is up is named, and what was said until then is kept', async () => {
  const workspace_root = projectWith({
    'tests/a.test.js': `import { test } from 'vitest'; test('hangs', { timeout: 1e6 }, () => new Promise(() => {}))`,
  })
  const result = await executed({ tool: 'run_vitest', host: { workspace_root }, request: { timeout_s: 3 } })
  expect(result).toMatchObject({
    status: 'timeout',
    error_message: 'vitest timed out after 3 s (attempt 1)',
    metrics: { timed_out: true },
    raw_output: { sandbox_exec: { status: 'timeout' } },
  })
  expect(result.metrics.exit_code).not.toBe(0)
  expect(result.metrics.duration_ms).toBeGreaterThanOrEqual(3000)
  expect(result.stdout).toContain('RUN')
})

test('6.3: a workspace without vitest is told so', async () => {
  const workspace_root = directoryWith({ 'tests/a.test.js': '' })
  const result = await executed({ tool: 'run_vitest', host: { workspace_root } })
  expect(result).toMatchObject({ status: 'failed', error_message: expect.stringContaining('vitest is not installed') })
})

test('TX-7: a dry run shows the command, and nothing of where this machine keeps things', async () => {
  const { raw_output } = await executed({ tool: 'run_vitest', request: { dry_run: true, timeout_s: 9 } })
  expect(raw_output?.planned).toMatchObject({ working_dir: '<workspace>', timeout_s: 9 })
  expect(JSON.stringify(raw_output)).not.toContain(shop)
})
