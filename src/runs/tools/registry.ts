/** Every tool by name, and the order in which a call is checked before it runs. */
import { z } from 'zod'
import { effectiveTimeoutS } from '../../../machines/run/effective-timeout.ts'
import type { ToolFacts } from '../../../machines/run/plan.ts'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ToolRequest, ToolResult } from '../../../machines/run/tool.ts'
import type { HandlerContext } from '../../engine/types.ts'
import { canonical } from '../../ledger/canonical.ts'
import { sweepOrphans } from '../process/sweep-orphans.ts'
import { callDirectory, freshDirectory } from './call-directory.ts'
import { Record } from './record.ts'
import { redacted } from './redaction.ts'
import { sandboxOf, sandboxRecord } from './sandbox.ts'
import { type Prepared, type Tool, ToolBlocked, type ToolCall, ToolFailure, type ToolHost, ToolNotFoundError } from './tool.ts'

/** What a call needs to know of the effect it is. */
export type CallContext = Pick<HandlerContext, 'effect_id' | 'delivery' | 'signal' | 'log'>

export type ToolMetadata = Omit<Tool, 'args' | 'risk_text' | 'prepare'> & {
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
    const { args, risk_text, prepare, ...told } = this.get(name)
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
    return { effects: tool.effects, risk_text: parsed.success ? tool.risk_text(parsed.data) : canonical(args) }
  }

  /**
   * One attempt of a planned call, always with a result: what is refused, blocked or thrown on the way becomes one
   * (TR-3). Only a tool that does not exist is thrown.
   */
  async execute(name: string, request: ToolRequest, policy: PolicyConfig, context: CallContext): Promise<ToolResult> {
    const record = new Record(this.#host, request, policy, context)
    const { allowlist } = policy.tools
    if (allowlist.length > 0 && !allowlist.includes(name)) {
      return record.failed(`Tool '${name}' not in policy allowlist`, { decision_source: 'policy_block' })
    }
    const tool = this.get(name)
    try {
      const call = this.#callOf(tool, request, policy, context)
      const prepared = await tool.prepare(checkedArgs(tool, request.args), call)
      if (request.dry_run) return record.skipped(prepared)
      if (context.delivery > 1) {
        await this.#endEarlierDelivery(context)
        if (!tool.rerunnable) return record.failed('interrupted')
      }
      await freshDirectory(call)
      return await record.ran(call, await prepared.run())
    } catch (fault) {
      return record.failed(...)
    }
  }
}
