import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { endProcesses, kill } from './end-processes.ts'
import type { Environment } from './environment.ts'
import { Observer } from './observer.ts'
import { collect, type Output } from './output.ts'
import { marks } from './process-table.ts'
import { Watch } from './watch.ts'

/** How long a process may take to leave after SIGTERM (SB-8). */
const GRACE_MS = 5000
/** How long a stream may stay open once nobody is left who could write to it. */
const DRAIN_MS = 2000

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  /** All there is: nothing of the server's own environment is added. */
  readonly env: Environment
  readonly stdin: string | null
  readonly timeout_ms: number
  readonly grace_ms?: number
  readonly owner: string
  readonly effect_id: string
  readonly signal: AbortSignal
  /** The process started here only watches over the program: what is asked of the program is not asked of it. */
  readonly is_watched?: boolean
}

export interface ProcessResult {
  /** How it came to an end: by itself, at its limit, because nobody wants it any more, or it never began. */
  readonly end: 'exited' | 'timed_out' | 'aborted' | 'not_started'
  /** Zero only for a process that ended by itself; -1 without a code of its own. */
  readonly exit_code: number
  readonly signal: NodeJS.Signals | null
  readonly stdout: Output
  readonly stderr: Output
  readonly elapsed_ms: number
  /** The most memory it was seen to hold; 0 when it was too quick to be looked at. */
  readonly peak_mb: number
}

type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly at: number }

const watch = new Watch()

/**
 * Runs a program from an argument vector, never through a shell (RN-3), in a session and process group of its own.
 * When this resolves, nothing it started is left: not what ignored SIGTERM, not what moved to another session.
 */
export async function runProcess(command: Command): Promise<ProcessResult> {
  if (command.signal.aborted) return notStarted('aborted', '')
  const execution = randomUUID()
  const begun = performance.now()
  watch.starting(execution)
  try {
    const child = start(command, execution)
    if (child.pid === undefined) return notStarted('not_started', startProblem(command, await fault(child)))
    watch.started(execution, child.pid)
    return await supervise(child, child.pid, command, execution, begun)
  } catch (fault) {
    // Arguments no process can be given, such as a NUL byte, are thrown before anything starts.
    if (isArgumentFault(fault)) return notStarted('not_started', fault.message)
    throw fault
  } finally {
    watch.ended(execution)
  }
}

function start(command: Command, execution: string): ChildProcess {
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: {
      ...command.env,
      [marks.owner]: command.owner,
      [marks.effect_id]: command.effect_id,
      [marks.execution]: execution,
    },
    shell: false,
    detached: true,
    stdio: [command.stdin === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  // A program need not read what it is given.
  child.stdin?.on('error', () => {})
  child.stdin?.end(command.stdin)
  return child
}

async function supervise(
  child: ChildProcess,
  group: number,
  command: Command,
  execution: string,
  begun: number,
): Promise<ProcessResult> {
  const { stdout, stderr } = child as ChildProcess & { stdout: Readable; stderr: Readable }
  const said = { stdout: collect(stdout), stderr: collect(stderr) }
  const exit = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal, at: performance.now() })),
  )
  const closed = once(child, 'close')
  const observer = new Observer(execution, group)

  const end = await firstEnd(exit, command)
  if (end !== 'exited') {
    // Before parents leave: by them alone a child is known that hides in all other ways.
    const family = await observer.look()
    if (command.is_watched) for (const { pid } of family) pid !== group && kill(pid, 'SIGTERM')
    else kill(-group, 'SIGTERM')
    await settledWithin(exit, command.grace_ms ?? GRACE_MS)
  }
  observer.stop()
  await endProcesses(observer.belongs)
  // Where there is no /proc to search, the group is all that can be ended.
  kill(-group, 'SIGKILL')

  const { code, signal, at } = await exit
  await settledWithin(closed, DRAIN_MS)
  stdout.destroy()
  stderr.destroy()
  return {
    end,
    exit_code: end === 'exited' ? (code ?? -1) : code || -1,
    signal,
    stdout: said.stdout(),
    stderr: said.stderr(),
    elapsed_ms: Math.round(at - begun),
    peak_mb: observer.peak_mb,
  }
}

async function firstEnd(exit: Promise<Exit>, command: Command): Promise<'exited' | 'timed_out' | 'aborted'> {
  const decided = new AbortController()
  const { signal } = decided
  try {
    return await Promise.race([
      exit.then(() => 'exited' as const),
      pause(command.timeout_ms, 'timed_out' as const, { signal }),
      once(command.signal, 'abort', { signal }).then(() => 'aborted' as const),
    ])
  } finally {
    decided.abort()
  }
}

async function settledWithin(work: Promise<unknown>, limit_ms: number): Promise<void> {
  const settled = new AbortController()
  await Promise.race([work, pause(limit_ms, undefined, { signal: settled.signal })])
  settled.abort()
}

function notStarted(end: 'aborted' | 'not_started', problem: string): ProcessResult {
  const silent: Output = { text: '', bytes: 0 }
  const stderr = { text: problem, bytes: Buffer.byteLength(problem) }
  return { end, exit_code: -1, signal: null, stdout: silent, stderr, elapsed_ms: 0, peak_mb: 0 }
}

async function fault(child: ChildProcess): Promise<NodeJS.ErrnoException> {
  const [fault] = await once(child, 'error')
  return fault
}

/** SB-6. The system says ENOENT for a missing directory too. */
function startProblem(command: Command, fault: NodeJS.ErrnoException): string {
  if (fault.code !== 'ENOENT') return fault.message
  return existsSync(command.cwd)
    ? `Command not found: ${command.program}`
    : `Working directory not found: ${command.cwd}`
}

function isArgumentFault(fault: unknown): fault is Error {
  return fault instanceof TypeError && (fault as NodeJS.ErrnoException).code === 'ERR_INVALID_ARG_VALUE'
}
