import { delimiter, join } from 'node:path'
import { z } from 'zod'
import { checked, runCommand, type ToolCommand } from './command.ts'
import { checkExtraArgs, type OptionRules } from './extra-args.ts'
import { testPath } from './test-path.ts'
import { REPORT, testRun } from './test-run.ts'
import type { Ran, Tool, ToolCall } from './tool.ts'
import { workingDirectory } from './working-directory.ts'

const args = z.strictObject({
  test_path: z.string(),
  /** A `-m` expression. */
  markers: z.string().min(1).optional(),
  extra_args: z.array(z.string()).default([]),
  working_dir: z.string().optional(),
})

/** Exit codes: 0 all passed, 1 tests failed, 2 interrupted, 3 internal error, 4 wrong usage, 5 nothing collected. */
export const runPytest: Tool<z.infer<typeof args>> = {
  name: 'run_pytest',
  description: 'Runs the workspace’s pytest tests below a path',
  version: '1.0.0',
  tags: ['test', 'python'],
  effects: 'test',
  rerunnable: true,
  sandboxable: true,
  args,
  risk_text: ({ test_path, markers, extra_args }) =>
    [test_path, markers, ...extra_args].filter((part) => part !== undefined).join(' '),

  async prepare({ test_path, markers, extra_args, working_dir }, call) {
    const directory = workingDirectory(call, working_dir)
    const place = { directory, language: 'python' } as const
    const path = testPath(call, test_path, place)
    checkExtraArgs(extra_args, options, (arg) => testPath(call, arg, place))
    const command = checked(call, {
      runner: 'pytest',
      program: call.host.python,
      args: [
        ...['-m', 'pytest', '-q', `--junitxml=${join(call.directory, REPORT)}`, path],
        ...(markers === undefined ? [] : ['-m', markers]),
        ...extra_args,
      ],
      directory,
      // A test run leaves no byte code behind in the workspace.
      env: { CI: 'true', NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1' },
      stdin: null,
    })
    return testRun(call, command, (ran) => explained(call, command, ran))
  },
}

const options: OptionRules = {
  refused: [
    ...['junitxml', 'junit-xml', 'override-ini', 'rootdir', 'confcutdir', 'basetemp', 'pyargs'],
    // Other names of the same, and what loads modules, writes somewhere else, sends, or asks.
    ...['config-file', 'cov', 'cov-config', 'cov-report', 'debug', 'html', 'log-file', 'pastebin', 'pdb', 'pdbcls'],
    ...['report-log', 'trace'],
    // What would be green without a test that passed.
    ...['co', 'collect-only', 'fixtures', 'fixtures-per-test', 'funcargs', 'help', 'markers', 'setup-only'],
    ...['setup-plan', 'version'],
  ],
  refused_letters: 'chopV',
  valued_letters: 'kmnrW',
  spelling: (option) => option,
}

/** An interpreter or a pytest that is not there is a matter of the machine, so the machine is described. */
async function explained(call: ToolCall, command: ToolCommand, ran: Ran): Promise<Ran> {
  const isMissing = /^Command not found|No module named '?pytest\b/m.test(ran.stderr)
  if (ran.status !== 'failed' || ran.raw_output.junit_path !== null || !isMissing) return ran
  const diagnostics = await environmentOf(call, command)
  const error_message = `pytest is not available for the Python interpreter "${call.host.python}"`
  return { ...ran, error_message, stderr: `${ran.stderr}\n${diagnostics}\n` }
}

async function environmentOf(call: ToolCall, command: ToolCommand): Promise<string> {
  const { environment } = call.host
  const version = await runCommand(call, { ...command, args: ['--version'] })
  const onPath = await runCommand(call, { ...command, program: 'pytest', args: ['--version'] })
  const path = (environment.PATH ?? '').split(delimiter).slice(0, 3).join(delimiter)
  return [
    `executable: ${command.program}`,
    `version: ${version.stdout.text.trim() || 'none'}`,
    `pytest on PATH: ${onPath.exit_code === 0 ? 'yes' : 'no'}`,
    `virtual environment: ${environment.VIRTUAL_ENV ?? 'none'}`,
    `PATH begins with: ${path}`,
    `working directory: ${command.directory}`,
  ].join('\n')
}
