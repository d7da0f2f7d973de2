/** A tool that starts one process: what it is about to start, under which limits, and what came of it. */
import { cleanEnvironment, type Environment } from '../process/environment.ts'
import { type ProcessResult, runProcess } from '../process/run-process.ts'
import { checkCommand, sandboxRecord } from './sandbox.ts'
import type { Ran, ToolCall } from './tool.ts'

export interface ToolCommand {
  /** How messages call it: `vitest`. */
  readonly runner: string
  readonly program: string
  readonly args: readonly string[]
  readonly directory: string
  /** What the tool sets on top of the whitelist (SB-4). */
  readonly env: Environment
  readonly stdin: string | null
}

/** SB-1, SB-2: to be asked while preparing, so that a dry run is refused like a real one. */
export function checked(call: ToolCall, command: ToolCommand): ToolCommand {
  if (call.sandbox !== null) checkCommand(call.sandbox, [command.program, ...command.args])
  return command
}

export function plannedCommand(call: ToolCall, command: ToolCommand): Readonly<Record<string, unknown>> {
  return {
    program: command.program,
    args: command.args,
    working_dir: command.directory,
    env: Object.keys(environmentOf(call, command)).toSorted(),
    timeout_s: call.timeout_s,
    artifact_dir: call.artifact_dir,
    sandbox: call.sandbox === null ? null : { mode: 'subprocess', memory_limit_mb: call.sandbox.memory_limit_mb },
  }
}

export async function runCommand(call: ToolCall, command: ToolCommand): Promise<ProcessResult> {
  return runProcess({
    program: command.program,
    args: command.args,
    cwd: command.directory,
    env: environmentOf(call, command),
    stdin: command.stdin,
    timeout_ms: call.timeout_s * 1000,
    owner: call.host.owner,
    effect_id: call.effect_id,
    signal: call.signal,
  })
}

/** What every process says of itself, whatever tool started it. The tool adds what its runner means by it. */
export function ranAs(call: ToolCall, { runner }: ToolCommand, process: ProcessResult, isExpected: boolean): Ran {
  const { exit_code, signal, stdout, stderr } = process
  return {
    ...verdictOf(call, runner, process, isExpected),
    stdout: stdout.text,
    stderr: stderr.text,
    metrics: { exit_code, timed_out: process.end === 'timed_out' },
    raw_output: {
      exit_code,
      signal,
      stdout_bytes: stdout.bytes,
      stderr_bytes: stderr.bytes,
      resource_warning: memoryWarning(call, process.peak_mb),
      ...(call.sandbox === null ? {} : { sandbox_exec: sandboxRecord(call.sandbox, execution(process)) }),
    },
  }
}

function verdictOf(
  call: ToolCall,
  runner: string,
  process: ProcessResult,
  isExpected: boolean,
): Pick<Ran, 'status' | 'error_message'> {
  switch (process.end) {
    case 'not_started':
      return { status: 'failed', error_message: process.stderr.text }
    case 'timed_out':
      return { status: 'timeout', error_message: `${runner} timed out after ${call.timeout_s} s (attempt 1)` }
    case 'aborted':
      return { status: 'cancelled', error_message: `${runner} was cancelled` }
    case 'exited':
      if (isExpected) return { status: 'success', error_message: null }
      if (process.signal !== null) return { status: 'failed', error_message: `${runner} ended by ${process.signal}` }
      return { status: 'failed', error_message: `${runner} exited with code ${process.exit_code}` }
  }
}

function execution({ end, elapsed_ms }: ProcessResult) {
  return { status: end === 'timed_out' ? 'timeout' : 'completed', duration_ms: elapsed_ms } as const
}

function environmentOf({ host, policy, directory }: ToolCall, { env }: ToolCommand): Environment {
  return { ...cleanEnvironment(host.environment, policy.sandbox.env_whitelist), ...env, ARTIFACT_DIR: directory }
}

function memoryWarning({ sandbox }: ToolCall, peak_mb: number): string | null {
  if (sandbox === null || peak_mb <= sandbox.memory_limit_mb) return null
  return `Held ${peak_mb} MB of memory, ${sandbox.memory_limit_mb} MB were expected at most`
}
