/**
 * The contract of a tool (TR-2): one file says what it is called, what it may change, which arguments it takes, and
 * how a call is prepared. Preparing resolves everything and starts nothing, so that a dry run shows what a real one
 * would do.
 */
import type { z } from 'zod'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ToolMetrics, ToolStatus } from '../../../machines/run/tool.ts'
import type { ProcessIsolation } from '../process/isolation.ts'
import type { Lookup } from './http/fence.ts'
import type { SandboxConfig } from './sandbox.ts'

type Effects = 'read' | 'test' | 'mutate'

export interface Tool<Args = unknown> {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly tags: readonly string[]
  /** The most a call does; `mutate` asks a human before it runs (HI-9). */
  readonly effects: Effects
  /** What one call does, where its arguments decide it. */
  readonly effects_of?: (args: Args) => Effects
  /** May run again after its process died (ST-4), or after a fault (GV-5). */
  readonly rerunnable: boolean
  readonly sandboxable: boolean
  readonly args: z.ZodType<Args>
  /** What the call is about to do, as text for the risk check (HR-1). */
  readonly risk_text: (args: Args) => string
  /** What keeps any call of it from running, whatever its arguments: thrown before they are looked at. */
  readonly fence?: (policy: PolicyConfig) => void
  readonly prepare: (args: Args, call: ToolCall) => Promise<Prepared>
}

/** Where the tools of this server work. */
export interface ToolHost {
  readonly workspace_root: string
  readonly artifacts_root: string
  /** The Python interpreter. */
  readonly python: string
  /** The installation, as every process of a tool bears it. */
  readonly owner: string
  /** What the whitelist picks from (SB-4). */
  readonly environment: NodeJS.ProcessEnv
  readonly now: () => Date
  /** From a name to addresses; every request asks once and connects to what was checked. */
  readonly lookup: Lookup
  /** What processes in the sandbox are kept apart by. */
  readonly isolation: () => Promise<ProcessIsolation>
}

/** One call, once the registry allowed it. */
export interface ToolCall {
  readonly host: ToolHost
  readonly policy: PolicyConfig
  /** Null when the policy has switched it off, or the tool has no use for it (TR-3). */
  readonly sandbox: SandboxConfig | null
  /** The call's own directory, absolute (TX-1). */
  readonly directory: string
  /** The same, relative to the artifacts' root: the only form that is shown to anybody. */
  readonly artifact_dir: string
  readonly timeout_s: number
  readonly run_id: string
  readonly tenant: string
  /** 1, and one more for each time a fault was answered with another try (GV-2). */
  readonly attempt: number
  readonly effect_id: string
  readonly signal: AbortSignal
}

export interface Prepared {
  /** What a dry run shows (TX-7). */
  readonly planned: Readonly<Record<string, unknown>>
  readonly run: () => Promise<Ran>
}

/** What came of a run; the registry makes a ToolResult of it. */
export interface Ran {
  readonly status: ToolStatus
  /** Absent when the tool said what there is to say: trying again would only have it say the same (GV-5). */
  readonly fault?: Fault
  readonly error_message: string | null
  /** All that was kept: the registry cuts it for the result and stores it whole. */
  readonly stdout: string
  readonly stderr: string
  readonly metrics: Partial<ToolMetrics>
  readonly raw_output: Readonly<Record<string, unknown>>
  /** More about a file it left, by the file's name below the call's directory. */
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** What may go better the next time: time, a signal, a process that did not start, a connection. */
type Fault = 'timed_out' | 'signal' | 'not_started' | 'connection'

/** The call cannot be done as it was asked for: a failed result with this message. */
export class ToolFailure extends Error {
  override readonly name: string = 'ToolFailure'
}

/** A policy or the sandbox keeps the tool from running (TR-3, SB-7). */
export class ToolBlocked extends ToolFailure {
  override readonly name = 'ToolBlocked'
  readonly by: 'policy' | 'sandbox'

  constructor(by: 'policy' | 'sandbox', message: string) {
    super(message)
    this.by = by
  }
}

/** Nobody registered a tool of that name. */
export class ToolNotFoundError extends Error {
  override readonly name = 'ToolNotFoundError'
  readonly tool_name: string

  constructor(tool_name: string) {
    super(`Tool not found: ${tool_name}`)
    this.tool_name = tool_name
  }
}
