import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { checked } from '../command.ts'
import { checkExtraArgs, type OptionRules } from '../extra-args.ts'
import { truePath } from '../paths.ts'
import { testPath } from '../test-path.ts'
import { REPORT, testRun } from '../test-run.ts'
import { type Prepared, type Ran, type ToolCall, ToolFailure } from '../tool.ts'
import { workingDirectory } from '../working-directory.ts'
import { disabled, isDisabled, notStarted } from './skipped.ts'

export interface Suite {
  readonly test_path?: string | undefined
  readonly project?: string | undefined
  readonly grep?: string | undefined
  readonly workers?: number | undefined
  readonly extra_args: readonly string[]
  readonly working_dir?: string | undefined
}

/** PW-4: the workspace's own Playwright tests. */
export function suiteRun(
  call: ToolCall,
  { test_path, project, grep, workers, extra_args, working_dir }: Suite,
): Prepared {
  const directory = workingDirectory(call, working_dir)
  const place = { directory, language: 'javascript' } as const
  const path = test_path === undefined ? undefined : testPath(call, test_path, place)
  checkExtraArgs(extra_args, options, (arg) => testPath(call, arg, place))
  const report = join(call.directory, REPORT)
  const command = checked(call, {
    runner: 'playwright',
    program: process.execPath,
    args: [
      ...[playwrightIn(directory), 'test'],
      ...(path === undefined ? [] : [asFilter(directory, path)]),
      '--reporter=list,junit',
      `--output=${join(call.directory, 'ui')}`,
      ...(project === undefined ? [] : [`--project=${project}`]),
      ...(grep === undefined ? [] : [`--grep=${grep}`]),
      ...(workers === undefined ? [] : [`--workers=${workers}`]),
      ...extra_args,
    ],
    directory,
    env: {
      ...{ CI: 'true', NO_COLOR: '1', PLAYWRIGHT_HTML_OPEN: 'never' },
      // The older name and the newer one.
      ...{ PLAYWRIGHT_JUNIT_OUTPUT_NAME: report, PLAYWRIGHT_JUNIT_OUTPUT_FILE: report },
    },
    stdin: null,
    network: call.policy.tools.playwright.network,
  })
  const { planned, run } = testRun(call, command, (ran) => explained(call, ran))
  return { planned, run: () => (isDisabled(call) ? disabled(call) : run()) }
}

const options: OptionRules = {
  refused: [
    ...['config', 'reporter', 'output'],
    // What asks, listens, loads, or writes into the workspace.
    ...['debug', 'test-list', 'test-list-invert', 'tsconfig', 'ui', 'ui-host', 'ui-port', 'update-snapshots'],
    ...['update-source-method'],
    // What would be green without a test that passed.
    ...['help', 'ignore-snapshots', 'last-failed', 'list', 'only-changed', 'pass-with-no-tests', 'version'],
  ],
  refused_letters: 'chuV',
  valued_letters: 'gj',
  spelling: (option) => option,
}

/** Found as the workspace itself would find it: in its node_modules, or those of a directory further up. */
function playwrightIn(directory: string): string {
  try {
    const manifest = createRequire(join(directory, 'package.json')).resolve('@playwright/test/package.json')
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.playwright)
  } catch {
    throw new ToolFailure('Playwright is not installed in the workspace (npm install --save-dev @playwright/test)')
  }
}

/** Playwright takes a pattern and looks for it in whole paths: this one holds for the path and what is below it. */
function asFilter(directory: string, path: string): string {
  const whole = resolve(truePath(directory), path)
  const isDirectory = statSync(whole, { throwIfNoEntry: false })?.isDirectory() ?? false
  // A dot stays a dot, so that places are still recognised where they are not to be shown; it holds for itself.
  return `^${whole.replace(/[*+?^${}()|[\]\\]/g, '\\$&')}${isDirectory ? '/' : '$'}`
}

const notLaunched = /browserType\.launch/

/** Red for one reason only, that no browser could be started, is no word about the tests. */
async function explained(call: ToolCall, ran: Ran): Promise<Ran> {
  const failed = (ran.raw_output.failed_tests ?? []) as readonly { readonly message: string }[]
  const isAll = failed.length > 0 && failed.every(({ message }) => notLaunched.test(message))
  if (ran.status !== 'failed' || ran.metrics.steps_passed !== 0 || !isAll) return ran
  return notStarted(call, ran, failed[0]?.message ?? '')
}
