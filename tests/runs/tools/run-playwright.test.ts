import { chmodSync, symlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import type { ToolResult } from '../../../machines/run/tool.ts'
import { builtInTools } from '../../../src/runs/tools/built-in-tools.ts'
import type { Step } from '../../../src/runs/tools/playwright/actions.ts'
import { launched, systemBrowser } from '../../../src/runs/tools/playwright/browser.ts'
import { ToolRegistry } from '../../../src/runs/tools/registry.ts'
import { directoryWith, type Executed, executed, hostOf } from '../support.ts'

const open: PolicyInput = { tools: { playwright: { require_container: false, network: 'all' } } }

function playwright(args: object, more: Partial<Executed> = {}) {
  return executed({ tool: 'run_playwright', args, policy: open, ...more })
}

/** What a browser is needed for is not run where there is none, and says so. */
const browser = await launched({ headless: true }).catch(() => null)
await browser?.close()
const withBrowser = test.skipIf(browser === null)

describe('before anything else', () => {
  test('PW-1: without a container it is refused where the policy wants one', async () => {
    for (const args of [{}, { actions: [] }, { nonsense: true }]) {
      expect(await executed({ tool: 'run_playwright', args })).toMatchObject({
        status: 'failed',
        error_message: expect.stringMatching(/^Security Error.*container/),
        metrics: { exit_code: -1 },
        raw_output: { decision_source: 'sandbox_block' },
      })
    }
  })

  test('PW-1: a policy that wants none, or no sandbox, lets it pass', async () => {
    const policies: PolicyInput[] = [open, { sandbox: { enabled: false } }]
    for (const policy of policies) {
      const { error_message } = await executed({ tool: 'run_playwright', args: { actions: [] }, policy })
      expect(error_message).toBe('No actions provided')
    }
  })

  test('PW-2: an empty list of actions is refused', async () => {
    expect(await playwright({ actions: [] })).toMatchObject({ status: 'failed', error_message: 'No actions provided' })
  })

  test.each([
    [{ type: 'dance' }, 'actions.0.type'],
    [{ type: 'click', locator: { value: '' } }, 'actions.0.locator.value'],
    [{ type: 'click', locator: { value: 'x', strategy: 'guess' } }, 'actions.0.locator.strategy'],
    [{ type: 'click', timeout_ms: 0 }, 'actions.0.timeout_ms'],
  ])('PW-2: the action %o is refused', async (action, field) => {
    expect((await playwright({ actions: [action] })).error_message).toContain(`Invalid argument ${field}`)
  })

  test.each([
    { type: 'click', force: true },
    { type: 'click', locator: { value: 'x', nth: 1 } },
  ])('PW-2: an unknown key is refused: %o', async (action) => {
    expect((await playwright({ actions: [action] })).error_message).toContain('Unknown argument')
  })

  test('what belongs to the other mode is named', async () => {
    const actions = [{ type: 'wait', value: '1' }]
    expect((await playwright({ actions, test_path: 'tests' })).error_message).toContain('Invalid argument test_path')
    expect((await playwright({ base_url: 'http://a.test' })).error_message).toContain('Invalid argument base_url')
  })

  test('HR-1: its risk is in what it visits, types and runs', () => {
    const registry = new ToolRegistry(hostOf(), builtInTools)
    const actions = [{ type: 'fill', locator: { value: 'Name' }, value: 'drop table' }]
    expect(registry.facts('run_playwright', { actions, base_url: 'http://a.test/' })?.risk_text).toBe(
      'http://a.test/ fill Name drop table',
    )
    expect(registry.facts('run_playwright', { test_path: 'tests/prod', grep: 'x' })?.risk_text).toBe('tests/prod x')
  })
})

const page = `<!doctype html><title>shop</title>
  <h1>Basket</h1>
  <label>Name <input name="n" placeholder="who"></label>
  <label for="size">Size</label> <select id="size"><option>S</option><option>L</option></select>
  <label>Gift <input type="checkbox"></label>
  <p data-testid="total">Total:
     12 EUR</p>
  <button onclick="document.querySelector('#out').textContent =
    [document.querySelector('input').value, document.querySelector('select').value,
     document.querySelector('[type=checkbox]').checked].join(' ')">Send</button>
  <p id="out">nothing yet</p>
  <button onclick="setTimeout(() => { document.querySelector('#late').hidden = false }, 300)">Later</button>
  <p id="late" hidden>here now</p>`

const server = http.createServer((request, response) => {
  response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html' }).end(page)
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => server.close().closeAllConnections())
const base_url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

const css = (value: string) => ({ strategy: 'css', value })
const is = (value: string) => ({ type: 'assert_text', locator: css('#out'), value, timeout_ms: 3000 })
const send = { type: 'click', locator: { role: 'button', value: 'Send' } }

function stepsOf({ raw_output }: ToolResult): readonly Step[] {
  return (raw_output?.evidence ?? []) as readonly Step[]
}

describe('actions in a browser (PW-3)', () => {
  withBrowser('PW-2: every type and every strategy works', async () => {
    const actions = [
      { type: 'goto', url: base_url() },
      { type: 'fill', locator: { strategy: 'label', value: 'Name' }, value: 'Ada' },
      { type: 'select', locator: { strategy: 'label', value: 'Size', exact: true }, value: 'L' },
      { type: 'check', locator: { strategy: 'xpath', value: '//input[@type="checkbox"]' } },
      send,
      is('Ada L true'),
      { type: 'uncheck', locator: { value: 'checkbox' } },
      { type: 'fill', locator: { strategy: 'placeholder', value: 'who' }, value: 'Bob' },
      send,
      is('Bob L false'),
      { type: 'assert_text', locator: { strategy: 'testid', value: 'total' }, value: 'Total: 12 EUR' },
      { type: 'assert_visible', locator: { strategy: 'text', value: 'Basket' } },
      { type: 'click', locator: { role: 'button', value: 'Later' } },
      { type: 'wait', locator: css('#late') },
      { type: 'wait', value: '20' },
    ]
    const result = await playwright({ actions })
    expect(stepsOf(result)).toMatchObject(actions.map(({ type }) => ({ type, ok: true, error_message: null })))
    expect(result).toMatchObject({
      ...{ status: 'success', error_message: null },
      metrics: { steps_total: 15, steps_passed: 15, steps_failed: 0 },
    })
  })

  withBrowser('PW-3: leaves a picture of every step and a trace, and says which step each picture is of', async () => {
    const artifacts_root = directoryWith()
    const actions = [
      { type: 'wait', value: '1' },
      { ...send, locator: css('#none'), timeout_ms: 200 },
    ]
    const result = await playwright({ actions, base_url: base_url() }, { host: { artifacts_root } })
    const shown = result.artifacts.filter(({ path }) => path.includes('/ui/'))
    expect(
      shown.map(({ path, type, metadata }) => [path.split('/').at(-1), type, metadata.step_index, metadata.step_ok]),
    ).toEqual([
      ['step_000.png', 'screenshot', 0, true],
      ['step_001.png', 'screenshot', 1, false],
      ['steps.json', 'other', undefined, undefined],
      ['trace.zip', 'trace', undefined, undefined],
    ])
    expect(result.raw_output).toMatchObject({ ok: false, trace_path: `${result.artifact_dir}/ui/trace.zip` })
    const picture = await readFile(join(artifacts_root, shown[0]?.path ?? ''))
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    const zip = await readFile(join(artifacts_root, shown[3]?.path ?? ''))
    expect(zip.subarray(0, 2).toString()).toBe('PK')
  })

  withBrowser('PW-3: goes on after a step that failed, and tells the first of them', async () => {
    const actions = [
      { type: 'assert_text', locator: css('h1'), value: 'Bill', timeout_ms: 300 },
      { type: 'assert_visible', locator: css('#late'), timeout_ms: 300 },
      { type: 'assert_text', locator: css('h1'), value: 'Basket' },
    ]
    const result = await playwright({ actions, base_url: base_url(), enable_tracing: false })
    expect(result).toMatchObject({
      ...{ status: 'failed', error_message: 'Expected the text "Bill", got "Basket"' },
      metrics: { steps_total: 3, steps_passed: 1, steps_failed: 2, exit_code: 1 },
      raw_output: { ok: false, trace_path: null, evidence: [{ ok: false }, { ok: false }, { ok: true }] },
    })
    expect(result.artifacts.some(({ path }) => path.endsWith('trace.zip'))).toBe(false)
  })

  withBrowser('PW-2: a part that an action needs and does not have fails its step', async () => {
    const actions = [
      ...[{ type: 'goto' }, { type: 'click' }, { type: 'fill', locator: css('input') }, { type: 'wait' }],
      ...[
        { type: 'goto', url: 'file:///etc/passwd' },
        { type: 'wait', value: '500', timeout_ms: 100 },
      ],
    ]
    const result = await playwright({ actions, base_url: base_url() })
    expect(stepsOf(result).map((step) => step.error_message)).toEqual([
      'goto needs a url',
      'click needs a locator',
      'fill needs a value',
      'wait needs a locator, or a value in milliseconds, got ""',
      'url must be an http or https address, got "file:///etc/passwd"',
      'wait is limited to 100 ms, got 500',
    ])
  })

  withBrowser('PW-3: an address that cannot be opened fails the call', async () => {
    const closed = http.createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    closed.close()
    const actions = [{ type: 'wait', value: '1' }]
    const result = await playwright({ actions, base_url: `http://127.0.0.1:${port}/` })
    expect(result).toMatchObject({ status: 'failed', error_message: expect.stringContaining('ERR_CONNECTION_REFUSED') })
  })

  withBrowser('PW-6: a browser that may not use the network is told so by its pages', async () => {
    const policy: PolicyInput = { tools: { playwright: { require_container: false, network: 'deny' } } }
    const host = hostOf()
    const actions = [{ type: 'wait', value: '1' }]
    const { error_message, raw_output } = await playwright({ actions, base_url: base_url() }, { policy, host })
    // Where nothing keeps processes apart, nothing keeps them from the network either.
    if (raw_output?.isolation === 'process') expect(error_message).toBeNull()
    else expect(error_message).toContain('ERR_CONNECTION_REFUSED')
  })

  withBrowser('GV-4: what was done before the time was up is known', async () => {
    const actions = [
      { type: 'wait', value: '1' },
      { type: 'wait', value: '60000', timeout_ms: 60_000 },
    ]
    const result = await playwright({ actions, base_url: base_url() }, { request: { timeout_s: 6 } })
    expect(result).toMatchObject({
      ...{ status: 'timeout', error_message: 'playwright timed out after 6 s (attempt 1)' },
      metrics: { steps_total: 1, steps_passed: 1 },
      raw_output: { ok: false, trace_path: null },
    })
  })
})

/** A place with a node, and nothing a browser could be. */
const bare = { PATH: dirname(process.execPath), HOME: '/nowhere', PLAYWRIGHT_BROWSERS_PATH: '/nowhere' }

describe('a browser that cannot be started (PW-5)', () => {
  const actions = [{ type: 'wait', value: '1' }]

  async function skipped(environment: NodeJS.ProcessEnv, args: object = { actions }, more: object = {}) {
    const artifacts_root = directoryWith()
    const isolation = async () => 'process' as const
    const result = await playwright(args, { host: { artifacts_root, environment, isolation, ...more } })
    const path = join(artifacts_root, result.artifact_dir ?? '', 'ui/playwright_status.json')
    return { result, status: JSON.parse(await readFile(path, 'utf8')) }
  }

  test('PW-5: is not installed: skipped, and a file that says why', async () => {
    const { result, status } = await skipped(bare)
    expect(result).toMatchObject({
      status: 'skipped',
      metrics: { steps_total: 0 },
      raw_output: { skip_code: 'BROWSER_NOT_INSTALLED' },
    })
    expect(status).toEqual({
      ...{ status: 'skipped', skip_code: 'BROWSER_NOT_INSTALLED', ts: '2030-01-02T03:04:05.000Z' },
      reason: result.error_message,
    })
    expect(result.artifacts.some(({ path }) => path.endsWith('ui/playwright_status.json'))).toBe(true)
  })

  test('PW-5: is switched off: nothing is started', async () => {
    const { result, status } = await skipped({ ...process.env, PLAYWRIGHT_E2E_DISABLED: 'true' })
    expect(result).toMatchObject({ status: 'skipped', raw_output: { skip_code: 'PLAYWRIGHT_E2E_DISABLED' } })
    expect(result.metrics.exit_code).toBeNull()
    expect(status).toMatchObject({ reason: 'PLAYWRIGHT_E2E_DISABLED is set' })
  })

  test('PW-5: may not be executed', async () => {
    const home = directoryWith({ chromium: 'no program' })
    const { result } = await skipped({ ...bare, PATH: `${home}:${bare.PATH}` })
    expect(result.raw_output?.skip_code).toBe('SANDBOX_DENIED')
  })

  test('PW-5: falls over: nobody knows why', async () => {
    const home = directoryWith({ chromium: '#!/bin/sh\nexit 1\n' })
    chmodSync(join(home, 'chromium'), 0o755)
    const { result } = await skipped({ ...bare, PATH: `${home}:${bare.PATH}` })
    expect(result.raw_output?.skip_code).toBe('UNKNOWN')
  })

  test('PW-5: the file is not there after a run that had a browser', async () => {
    const workspace_root = projectWith({ 'tests/a.spec.js': green })
    const result = await playwright({}, { host: { workspace_root } })
    expect(result.status).toBe('success')
    expect(result.artifacts.some(({ path }) => path.includes('playwright_status'))).toBe(false)
  })

  test('PW-5: a suite that is red for that reason only is skipped, too', async () => {
    const workspace_root = projectWith({ 'tests/ui/a.spec.js': clicking, 'tests/ui/b.spec.js': clicking })
    const { result } = await skipped(bare, { test_path: 'tests/ui' }, { workspace_root })
    expect(result).toMatchObject({ status: 'skipped', raw_output: { skip_code: 'BROWSER_NOT_INSTALLED' } })
    expect(result.raw_output).not.toHaveProperty('junit')
  })

  test('PW-5: a suite with another reason to be red is red', async () => {
    const workspace_root = projectWith({ 'tests/a.spec.js': clicking, 'tests/b.spec.js': red })
    const result = await playwright({}, { host: { workspace_root, environment: bare } })
    expect(result).toMatchObject({ status: 'failed', metrics: { steps_failed: 2 } })
  })
})

const nodeModules = fileURLToPath(new URL('../..', import.meta.resolve('@playwright/test/package.json')))
const imported = `import { expect, test } from '@playwright/test'\n`
const green = `${imported} test('is fine', () => {})`
const red = `${imported} test('is wrong', () => { expect(1).toBe(2) })`
const clicking = `${imported} test('sees', async ({ page }) => { await page.setContent('<b>x</b>'); await expect(page.locator('b')).toBeVisible() })`

/** A project with Playwright tests, which run in the system's browser where it has one. */
function projectWith(files: Readonly<Record<string, string>>): string {
  const executablePath = browser === null ? undefined : systemBrowser()
  const root = directoryWith({
    'package.json': '{"type":"module"}',
    'playwright.config.js': `export default { testDir: '.', retries: 0, use: {
      screenshot: 'on', launchOptions: process.env.HOME === '/nowhere' ? {} : ${JSON.stringify({ executablePath })} } }`,
    ...files,
  })
  symlinkSync(nodeModules, join(root, 'node_modules'))
  return root
}

describe('the tests of a workspace (PW-4)', () => {
  test('PW-4: runs them all, each a step of the report', async () => {
    const workspace_root = projectWith({ 'tests/a.spec.js': green, 'tests/b.spec.js': red })
    const result = await playwright({}, { host: { workspace_root } })
    expect(result).toMatchObject({
      ...{ status: 'failed', error_message: 'playwright exited with code 1' },
      metrics: { steps_total: 2, steps_passed: 1, steps_failed: 1 },
      raw_output: { junit_path: `${result.artifact_dir}/junit.xml`, failed_tests: [{ name: 'is wrong' }] },
    })
    expect(result.stdout).toContain('1 passed')
  })

  test('PW-4: a path holds for itself and what is below it, and for nothing that only looks like it', async () => {
    const workspace_root = projectWith({
      ...{ 'tests/ui/a.spec.js': green, 'tests/ui/deep/b.spec.js': green, 'tests/ui-of-others/c.spec.js': red },
      'tests/x/tests/ui/d.spec.js': red,
    })
    const stepsOf = async (test_path: string) => {
      const { status, metrics } = await playwright({ test_path }, { host: { workspace_root } })
      return [status, metrics.steps_total]
    }
    expect(await stepsOf('tests/ui')).toEqual(['success', 2])
    expect(await stepsOf('tests/ui/a.spec.js')).toEqual(['success', 1])
    expect((await playwright({ test_path: '../x' }, { host: { workspace_root } })).error_message).toContain(
      'Invalid test_path',
    )
  })

  test('PW-4: grep, workers and options of the caller reach it', async () => {
    const workspace_root = projectWith({ 'tests/a.spec.js': `${green}\n test('is left out', () => {})` })
    const args = { grep: 'fine', workers: 1, extra_args: ['--retries=0'] }
    const result = await playwright(args, { host: { workspace_root } })
    expect(result).toMatchObject({ status: 'success', metrics: { steps_total: 1 } })
    const { raw_output } = await playwright(
      { ...args, project: 'p' },
      { host: { workspace_root }, request: { dry_run: true } },
    )
    const last = ['--project=p', '--grep=fine', '--workers=1', '--retries=0']
    expect(raw_output?.planned).toMatchObject({ args: expect.arrayContaining(last) })
  })

  test.each(['--config=x', '-cx', '--reporter=html', '--output=x', '-u', '--ui', '--pass-with-no-tests', '../x'])(
    'PW-4: the option %s is refused',
    async (option) => {
      const workspace_root = projectWith({})
      const result = await playwright({ extra_args: [option] }, { host: { workspace_root } })
      expect(result.error_message).toMatch(/^Invalid (extra_args|test_path)/)
    },
  )

  withBrowser('PW-4: pictures of its tests are artifacts, below ui', async () => {
    const workspace_root = projectWith({ 'tests/a.spec.js': clicking })
    const result = await playwright({}, { host: { workspace_root } })
    expect(result.status).toBe('success')
    expect(result.artifacts.filter(({ type }) => type === 'screenshot').map(({ path }) => path)).toEqual([
      expect.stringMatching(/\/run_playwright\/ui\/.*\.png$/),
    ])
  })

  test('PW-4: a workspace without Playwright is told so', async () => {
    const workspace_root = directoryWith({ 'tests/a.spec.js': green })
    expect((await playwright({}, { host: { workspace_root } })).error_message).toContain('Playwright is not installed')
  })
})

test('the system’s browser is found on the path', () => {
  const home = directoryWith({ 'google-chrome': '', 'x/chromium': '' })
  expect(systemBrowser(home)).toBe(join(home, 'google-chrome'))
  expect(systemBrowser(`${home}:${join(home, 'x')}`)).toBe(join(home, 'x/chromium'))
  expect(systemBrowser('')).toBeUndefined()
})
