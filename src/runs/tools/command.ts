/** A tool that starts one process: what it is about to start, under which limits, and what came of it. */
import { mkdirSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { Confinement } from '../process/confinement.ts'
import { cleanEnvironment, type Environment } from '../process/environment.ts'
import { type ProcessIsolation, runConfined } from '../process/isolation.ts'
import type { ProcessResult } from '../process/run-process.ts'
import { checkCommand, sandboxRecord } from './sandbox.ts'
import type { Ran, ToolCall } from './tool.ts'

/** Runners of ours are part of it. */
const ownCode = fileURLToPath(new URL('../../..', import.meta.url))

export interface ToolCommand {
  /** How messages call it: `vitest`. */
  readonly runner: string
  readonly program: string
  readonly args: readonly string[]
  readonly directory: string
  /** What the tool sets on top of the whitelist (SB-4). */
  readonly env: Environment
  readonly stdin: string | null
  /** Who it may talk to; without it what the policy says of any tool. */
  readonly network?: PolicyConfig['sandbox']['container']['network_policy']
  /** Directories it cannot do without, in a workspace that it cannot change. */
  readonly scratch?: readonly string[]
  /** It was approved to change the workspace; others do so only where the policy lets them. */
  readonly changes_workspace?: boolean
}

/** How it ended, and what kept it from the rest of the machine; null without a sandbox. */
export interface CommandResult extends ProcessResult {
  readonly isolation: ProcessIsolation | null
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

export async function runCommand(call: ToolCall, command: ToolCommand): Promise<CommandResult> {
  const isolation = call.sandbox === null ? null : await call.host.isolation()
  const env = environmentOf(call, command)
  const result = await runConfined(isolation ?? 'process', () => confinementOf(call, command), {
    program: command.program,
    args: command.args,
    cwd: command.directory,
    env: isolation === null || isolation === 'process' ? env : withOwnTmp(env),
    stdin: command.stdin,
    timeout_ms: call.timeout_s * 1000,
    owner: call.host.owner,
    effect_id: call.effect_id,
    signal: call.signal,
  })
  return { ...result, isolation }
}

function confinementOf(call: ToolCall, command: ToolCommand): Confinement {
  const { host, policy } = call
  const { network_policy, readonly_workspace } = policy.sandbox.container
  const { program, directory, network, changes_workspace, scratch = [] } = command
  const isOpen = changes_workspace || !readonly_workspace
  const programs = [process.execPath, program].filter(isAbsolute).map(dirname)
  return {
    cwd: directory,
    writable: [call.directory, ...(isOpen ? [host.workspace_root] : [])],
    visible: [host.workspace_root, ownCode, ...programs],
    scratch: isOpen ? [] : scratch.filter(made),
    // Single hosts cannot be let through here, so a list of them lets nobody through.
    network: (network ?? network_policy) === 'all',
  }
}

/** The server's may lie where a confined process finds nothing, or cannot write. */
function withOwnTmp(env: Environment): Environment {
  const named = ['TMPDIR', 'TMP', 'TEMP'].filter((name) => name in env)
  return { ...env, ...Object.fromEntries(named.map((name) => [name, '/tmp'])) }
}

/** Whether the directory is there by now. */
function made(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true })
    return true
  } catch {
    return false
  }
}

/** What every process says of itself, whatever tool started it. The tool adds what its runner means by it. */
export function ranAs(call: ToolCall, { runner }: ToolCommand, process: CommandResult, isExpected: boolean): Ran {
  const { exit_code, signal, stdout, stderr, isolation } = process
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
      ...(isolation === null ? {} : { isolation }),
      ...(call.sandbox === null ? {} : { sandbox_exec: sandboxRecord(call.sandbox, execution(process)) }),
    },
  }
}

function verdictOf(
  call: ToolCall,
  runner: string,
  process: ProcessResult,
  isExpected: boolean,
): Pick<Ran, 'status' | 'fault' | 'error_message'> {
  switch (process.end) {
    case 'not_started':
      return { status: 'failed', fault: 'not_started', error_message: process.stderr.text }
    case 'timed_out':
      return { status: 'timeout', fault: 'timed_out', error_message: timeUp(call, runner) }
    case 'aborted':
      return { status: 'cancelled', error_message: `${runner} was cancelled` }
    case 'exited':
      if (isExpected) return { status: 'success', error_message: null }
      if (process.signal !== null) {
        return { status: 'failed', fault: 'signal', error_message: `${runner} ended by ${process.signal}` }
      }
      return { status: 'failed', error_message: `${runner} exited with code ${process.exit_code}` }
  }
}

/** GV-4. */
export function timeUp({ timeout_s, attempt }: ToolCall, what: string): string {
  return `${what} timed out after ${timeout_s} s (attempt ${attempt})`
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
