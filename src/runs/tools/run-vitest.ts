import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { checked } from './command.ts'
import { checkExtraArgs, type OptionRules } from './extra-args.ts'
import { testPath } from './test-path.ts'
import { REPORT, testRun } from './test-run.ts'
import { type Tool, ToolFailure } from './tool.ts'
import { workingDirectory } from './working-directory.ts'

const args = z.strictObject({
  test_path: z.string().default('tests'),
  /** Only tests whose name matches. */
  name_pattern: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
  coverage: z.boolean().default(false),
  extra_args: z.array(z.string()).default([]),
  working_dir: z.string().optional(),
})

/** Runs the workspace's own vitest, once and never watching. */
export const runVitest: Tool<z.infer<typeof args>> = {
  name: 'run_vitest',
  description: 'Runs the workspace’s vitest tests below a path',
  version: '1.0.0',
  tags: ['test', 'javascript'],
  effects: 'test',
  rerunnable: true,
  sandboxable: true,
  args,
  risk_text: ({ test_path, name_pattern, project, extra_args }) =>
    [test_path, name_pattern, project, ...extra_args].filter((part) => part !== undefined).join(' '),

  async prepare({ test_path, name_pattern, project, coverage, extra_args, working_dir }, call) {
    const directory = workingDirectory(call, working_dir)
    const place = { directory, language: 'javascript' } as const
    const path = testPath(call, test_path, place)
    checkExtraArgs(extra_args, options, (arg) => testPath(call, arg, place))
    const command = checked(call, {
      runner: 'vitest',
      program: process.execPath,
      args: [
        vitestIn(directory),
        'run',
        asFilter(directory, path),
        '--reporter=default',
        '--reporter=junit',
        `--outputFile.junit=${join(call.directory, REPORT)}`,
        ...(name_pattern === undefined ? [] : [`--testNamePattern=${name_pattern}`]),
        ...(project === undefined ? [] : [`--project=${project}`]),
        ...(coverage ? ['--coverage', `--coverage.reportsDirectory=${join(call.directory, 'coverage')}`] : []),
        ...extra_args,
      ],
      directory,
      // Nobody is watching: no colours, no questions, and no new snapshots written into the workspace.
      env: { CI: 'true', NO_COLOR: '1' },
      stdin: null,
      scratch: caches(directory),
    })
    return testRun(call, command, (ran) => ran)
  },
}

const options: OptionRules = {
  refused: [
    ...['config', 'root', 'dir', 'reporter', 'outputFile', 'globalSetup', 'environment'],
    // What loads modules, starts programs, listens, or writes somewhere else.
    ...[
      'api',
      'attachmentsDir',
      'browser',
      'clearCache',
      'configLoader',
      'coverage',
      'diff',
      'execArgv',
      'experimental',
    ],
    ...['fsModuleCachePath', 'inspect', 'inspectBrk', 'mergeReports', 'open', 'pool', 'poolOptions', 'runner'],
    ...['standalone', 'typecheck', 'ui', 'update', 'workspace'],
    // What would be green without a test that passed.
    ...['dangerouslyIgnoreUnhandledErrors', 'help', 'listTags', 'passWithNoTests', 'run', 'version', 'watch'],
  ],
  refused_letters: 'chruvw',
  valued_letters: '',
  // vitest takes `--output-file` for `--outputFile`, and `--no-config` for a value of `--config`.
  spelling: (option) => option.replace(/^no-/, '').replace(/-+(\w)/g, (_, letter: string) => letter.toUpperCase()),
}

/** Found as the workspace itself would find it: in its node_modules, or those of a directory further up. */
function vitestIn(directory: string): string {
  try {
    const manifest = createRequire(join(directory, 'package.json')).resolve('vitest/package.json')
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.vitest)
  } catch {
    throw new ToolFailure('vitest is not installed in the workspace (npm install --save-dev vitest)')
  }
}

/** What it writes beside the packages before it looks at a single test. */
function caches(directory: string): readonly string[] {
  const modules = join(directory, 'node_modules')
  if (existsSync(modules)) return ['.vite', '.vite-temp', '.vitest-cache'].map((name) => join(modules, name))
  return dirname(directory) === directory ? [] : caches(dirname(directory))
}

/** vitest takes any path that contains the text: without the slash, `tests` would be `tests-of-others` too. */
function asFilter(directory: string, path: string): string {
  const isDirectory = statSync(resolve(directory, path), { throwIfNoEntry: false })?.isDirectory() ?? false
  return isDirectory && !path.endsWith('/') ? `${path}/` : path
}
