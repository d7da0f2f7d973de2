/** Every tool by name, and the order in which a call is checked before it runs. */
import { join } from 'node:path'
import { z } from 'zod'
import { effectiveTimeoutS } from '../../../machines/run/effective-timeout.ts'
import type { ToolFacts } from '../../../machines/run/plan.ts'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ApprovalNeed } from '../../../machines/run/schema.ts'
import type { ToolRequest, ToolResult } from '../../../machines/run/tool.ts'
import type { HandlerContext } from '../../engine/types.ts'
import { canonical } from '../../ledger/canonical.ts'
import { sweepOrphans } from '../process/sweep-orphans.ts'
import { attemptDir } from './attempts.ts'
import { type Attempt, CallRecord } from './call-record.ts'
import { sandboxOf } from './sandbox.ts'
import { type Tool, type ToolCall, ToolFailure, type ToolHost, ToolNotFoundError } from './tool.ts'

/** What a call needs to know of the effect it is. */
export interface CallContext extends Pick<HandlerContext, 'effect_id' | 'tenant' | 'delivery' | 'signal' | 'log'> {
  readonly attempt: Attempt
  /** What the planner found; a dry run reports it (TX-7). */
  readonly would_require_approval: ApprovalNeed | null
}

export type ToolMetadata = Omit<Tool, 'args' | 'effects_of' | 'risk_text' | 'fence' | 'prepare'> & {
  /** JSON Schema. */
  readonly args_schema: object
}

// biome-ignore lint/suspicious/noExplicitAny: each tool knows its own arguments
type AnyTool = Tool<any>

export class ToolRegistry {
  readonly #host: ToolHost
  readonly #tools = new Map<string, AnyTool>()

  constructor(host: ToolHost, tools: readonly AnyTool[]) {
    this.#host = host
    for (const tool of tools) this.register(tool)
  }

  /** A second tool of the same name takes the place of the first. */
  register(tool: AnyTool): void {
    const before = this.#tools.get(tool.name)
    if (before !== undefined && before !== tool) process.emitWarning(`Tool "${tool.name}" is replaced by another`)
    this.#tools.set(tool.name, tool)
  }

  unregister(name: string): boolean {
    return this.#tools.delete(name)
  }

  exists(name: string): boolean {
    return this.#tools.has(name)
  }

  list(): readonly string[] {
    return [...this.#tools.keys()]
  }

  get(name: string): AnyTool {
    const tool = this.#tools.get(name)
    if (tool === undefined) throw new ToolNotFoundError(name)
    return tool
  }

  metadata(name: string): ToolMetadata {
    const { args, effects_of, risk_text, fence, prepare, ...told } = this.get(name)
    return { ...told, args_schema: z.toJSONSchema(args, { io: 'input' }) }
  }

  listMetadata(): readonly ToolMetadata[] {
    return this.list().map((name) => this.metadata(name))
  }

  /** What the planner asks (HI-9, HR-1); null for a tool nobody registered. Arguments that do not fit are text all the same. */
  facts(name: string, args: unknown): ToolFacts | null {
    const tool = this.#tools.get(name)
    if (tool === undefined) return null
    const parsed = tool.args.safeParse(args)
    if (!parsed.success) return { effects: tool.effects, risk_text: canonical(args) }
    return { effects: tool.effects_of?.(parsed.data) ?? tool.effects, risk_text: tool.risk_text(parsed.data) }
  }

  /**
   * One attempt of a planned call, always with a result: what is refused, blocked or thrown on the way becomes one
   * (TR-3). Only that a tool does not exist is thrown.
   */
  async execute(name: string, request: ToolRequest, policy: PolicyConfig, context: CallContext): Promise<ToolResult> {
    const record = new CallRecord(this.#host, request, context)
    const { allowlist } = policy.tools
    if (allowlist.length > 0 && !allowlist.includes(name)) {
      return record.blocked('policy', `Tool '${name}' not in policy allowlist`, policy)
    }
    const tool = this.get(name)
    try {
      tool.fence?.(policy)
      const call = this.#callOf(tool, request, policy, context)
      const prepared = await tool.prepare(checkedArgs(tool, request.args), call)
      if (request.dry_run) return record.skipped(prepared, context.would_require_approval)
      if (context.delivery > 1) {
        await this.#endEarlierDelivery(context)
        if (!tool.rerunnable) return record.failed('interrupted')
      }
      return await record.ran(call, prepared)
    } catch (fault) {
      return record.thrown(fault, policy)
    }
  }

  #callOf(tool: AnyTool, request: ToolRequest, policy: PolicyConfig, context: CallContext): ToolCall {
    const artifact_dir = attemptDir({ run_id: request.run_id, tool_name: tool.name, attempt: context.attempt.number })
    return {
      host: this.#host,
      policy,
      sandbox: tool.sandboxable ? sandboxOf(policy) : null,
      directory: join(this.#host.artifacts_root, artifact_dir),
      artifact_dir,
      timeout_s: effectiveTimeoutS({ timeout_s: request.timeout_s, sandboxable: tool.sandboxable, policy }),
      run_id: request.run_id,
      tenant: context.tenant,
      attempt: context.attempt.number,
      effect_id: context.effect_id,
      signal: context.signal,
    }
  }

  /** The process of the delivery before this one may still be there, should its server and its warden have died together. */
  async #endEarlierDelivery({ effect_id }: CallContext): Promise<void> {
    await sweepOrphans({ owner: this.#host.owner, isOrphan: async (found) => found === effect_id })
  }
}

function checkedArgs(tool: AnyTool, args: Readonly<Record<string, unknown>>): unknown {
  const parsed = tool.args.safeParse(args)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue === undefined) return args
  if (issue.code === 'unrecognized_keys') throw new ToolFailure(`Unknown argument: ${issue.keys.join(', ')}`)
  const name = issue.path.join('.')
  // RN-2.
  if (issue.path.length === 1 && !(name in args)) throw new ToolFailure(`Missing required argument: ${name}`)
  throw new ToolFailure(`Invalid argument ${name}: ${issue.message}`)
}
