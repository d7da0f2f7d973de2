/**
 * The contract of a tool (TR-2): one file says what it is called, what it may change, which arguments it takes, and
 * how a call is prepared. Preparing resolves everything and starts nothing, so that a dry run shows what a real one
 * would do.
 */
import type { z } from 'zod'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ToolMetrics, ToolStatus } from '../../../machines/run/tool.ts'
import type { SandboxConfig } from './sandbox.ts'

export interface Tool<Args = unknown> {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly tags: readonly string[]
  /** `mutate` asks a human before it runs (HI-9). */
  readonly effects: 'read' | 'test' | 'mutate'
  /** May run again after its process died (ST-4). */
  readonly rerunnable: boolean
  readonly sandboxable: boolean
  readonly args: z.ZodType<Args>
  /** What the call is about to do, as text for the risk check (HR-1). */
  readonly risk_text: (args: Args) => string
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
  readonly error_message: string | null
  /** All that was kept: the registry cuts it for the result and stores it whole. */
  readonly stdout: string
  readonly stderr: string
  readonly metrics: Partial<ToolMetrics>
  readonly raw_output: Readonly<Record<string, unknown>>
}

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
