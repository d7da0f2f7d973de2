import { basename, join } from 'node:path'
import { z } from 'zod'
import { checked, plannedCommand, ranAs, runCommand as start } from './command.ts'
import { components, isRooted, isWithin, truePath } from './paths.ts'
import { checkPath } from './sandbox.ts'
import { withReport } from './test-run.ts'
import { type Tool, ToolBlocked, type ToolCall, ToolFailure } from './tool.ts'
import { workingDirectory } from './working-directory.ts'

/** Variables that decide which code a program loads: with them a listed program could become any other. */
const decidesWhatIsLoaded = /^(PATH|NODE_.*|LD_.*|DYLD_.*|BASH_ENV|ENV|IFS|PYTHON.*|PERL5.*|RUBY.*|GIT_.*|CHANCERY_.*)$/

const env = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and underscores')
    .refine((name) => !decidesWhatIsLoaded.test(name), 'must not decide which code is loaded'),
  z.string(),
)

const args = z.strictObject({
  program: z.string().min(1),
  args: z.array(z.string()).default([]),
  working_dir: z.string().optional(),
  env: env.default({}),
  stdin: z.string().nullable().default(null),
  expect_exit_codes: z.array(z.int().min(0).max(255)).min(1).default([0]),
  /** A report the program writes, below `ARTIFACT_DIR`. */
  junit_path: z.string().optional(),
})
type Args = z.infer<typeof args>

/** Starts a program that the policy lists by name. */
export const runCommand: Tool<Args> = {
  name: 'run_command',
  description: 'Starts a listed program in the workspace',
  version: '1.0.0',
  tags: ['command'],
  effects: 'mutate',
  rerunnable: false,
  sandboxable: true,
  args,
  risk_text: (wanted) => [wanted.program, ...wanted.args].join(' '),

  async prepare(wanted, call) {
    const { programs } = call.policy.tools.run_command
    if (!programs.includes(wanted.program)) {
      throw new ToolBlocked('policy', `Program '${wanted.program}' not in policy tools.run_command.programs`)
    }
    const directory = workingDirectory(call, wanted.working_dir)
    checkArguments(call, wanted.args, directory)
    const report = wanted.junit_path === undefined ? null : reportName(call, wanted.junit_path)
    const command = checked(call, {
      runner: basename(wanted.program),
      program: wanted.program,
      args: wanted.args,
      directory,
      env: wanted.env,
      stdin: wanted.stdin,
      changes_workspace: true,
    })
    return {
      planned: { ...plannedCommand(call, command), expect_exit_codes: wanted.expect_exit_codes },
      run: async () => {
        const process = await start(call, command)
        const ran = ranAs(call, command, process, wanted.expect_exit_codes.includes(process.exit_code))
        return report === null ? ran : withReport(call, ran, report)
      },
    }
  },
}

/**
 * SB-3: every argument that is a path, also as the value of an option (`--file=src/a.js`). A bare name is none:
 * `build` may be a target as well as a directory. Addresses are not paths either.
 */
function checkArguments(call: ToolCall, given: readonly string[], directory: string): void {
  if (call.sandbox === null) return
  const place = { directory, workspace_root: call.host.workspace_root }
  for (const arg of given) {
    const value = arg.startsWith('-') ? arg.slice(arg.indexOf('=') + 1) : arg
    const isPath = /[/\\]|^\.\.?$|^~/.test(value) && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value)
    if (isPath) checkPath(call.sandbox, value, place)
  }
}

function reportName(call: ToolCall, junit_path: string): string {
  const wanted = join(call.directory, junit_path)
  if (isRooted(junit_path) || !isWithin(truePath(wanted), truePath(call.directory))) {
    throw new ToolFailure(`Invalid junit_path: it must lie below the call's directory, got "${junit_path}"`)
  }
  return components(junit_path).join('/')
}
