/** Makes the result of one call: measured from the first check to the last file, and free of what nobody may read. */
import { mkdir, rm } from 'node:fs/promises'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ApprovalNeed } from '../../../machines/run/schema.ts'
import { type ArtifactRef, type ToolRequest, type ToolResult, toolResultSchema } from '../../../machines/run/tool.ts'
import type { HandlerContext } from '../../engine/types.ts'
import { harvest } from './artifacts.ts'
import { redacted } from './redaction.ts'
import { sandboxRecord } from './sandbox.ts'
import { everyText, excerpt, storable, withoutPlaces } from './shown-text.ts'
import { type Prepared, type Ran, ToolBlocked, type ToolCall, type ToolHost } from './tool.ts'
import { written } from './written.ts'

/** Which execution of a call this is, and what the ones before took. */
export interface Attempt {
  readonly number: number
  readonly spent_ms: number
}

export class CallRecord {
  readonly #host: ToolHost
  readonly #request: ToolRequest
  readonly #log: HandlerContext['log']
  readonly #attempt: Attempt
  readonly #started_at: string
  /** TX-2: the wall clock may jump meanwhile. */
  readonly #begun = performance.now()
  readonly #shown: <T>(value: T) => T

  constructor(
    host: ToolHost,
    request: ToolRequest,
    { log, attempt }: { log: HandlerContext['log']; attempt: Attempt },
  ) {
    this.#host = host
    this.#request = request
    this.#log = log
    this.#attempt = attempt
    this.#started_at = host.now().toISOString()
    const masked = withoutPlaces(host)
    this.#shown = (value) => everyText(value, (text) => storable(masked(text)))
  }

  failed(error_message: string): ToolResult {
    return this.#result({ status: 'failed', error_message, stderr: error_message })
  }

  /** What was thrown instead of an answer (TR-3). */
  thrown(fault: unknown, policy: PolicyConfig): ToolResult {
    if (fault instanceof ToolBlocked) return this.blocked(fault.by, fault.message, policy)
    return this.failed(fault instanceof Error ? fault.message : String(fault))
  }

  /** SB-7, SB-9, TR-3: nothing was started, and who kept it from starting is marked. */
  blocked(by: 'policy' | 'sandbox', error_message: string, { sandbox }: PolicyConfig): ToolResult {
    const told = { status: 'failed', error_message, stderr: error_message } as const
    switch (by) {
      case 'policy':
        return this.#result({ ...told, raw_output: { decision_source: 'policy_block' } })
      case 'sandbox':
        return this.#result({
          ...told,
          metrics: { exit_code: -1 },
          raw_output: {
            decision_source: 'sandbox_block',
            sandbox_exec: sandboxRecord(sandbox, { status: 'blocked', duration_ms: 0 }),
          },
        })
    }
  }

  /** TX-7: nothing was executed. */
  skipped({ planned }: Prepared, would_require_approval: ApprovalNeed | null): ToolResult {
    return this.#result({ status: 'skipped', raw_output: { planned: redacted(planned), would_require_approval } })
  }

  /** Runs in a directory made anew: a report that an interrupted delivery left must not speak for this one. */
  async ran(call: ToolCall, { run }: Prepared): Promise<ToolResult> {
    await rm(call.directory, { recursive: true, force: true })
    await mkdir(call.directory, { recursive: true })
    const result = await this.#resultOf(call, run)
    await this.#keep(call, result)
    return result
  }

  async #resultOf(call: ToolCall, run: Prepared['run']): Promise<ToolResult> {
    try {
      return await this.#withArtifacts(call, await run())
    } catch (fault) {
      return this.thrown(fault, call.policy)
    }
  }

  /** TX-5. */
  async #keep(call: ToolCall, result: ToolResult): Promise<void> {
    const request = { ...this.#request, args: redacted(this.#request.args) }
    const logged = { result, request, logged_at: this.#host.now().toISOString() }
    await written(call.directory, 'tool_result.json', `${JSON.stringify(logged, null, 2)}\n`)
  }

  async #withArtifacts(call: ToolCall, ran: Ran): Promise<ToolResult> {
    const [stdout, stderr] = [this.#shown(ran.stdout), this.#shown(ran.stderr)]
    await written(call.directory, 'stdout.log', stdout)
    await written(call.directory, 'stderr.log', stderr)
    const { artifacts, dropped } = await harvest(call)
    if (dropped.count > 0) this.#log('Artifacts beyond the limits were left out', dropped)
    return this.#result({
      status: ran.status,
      error_message: ran.error_message,
      stdout: excerpt(stdout),
      stderr: excerpt(stderr),
      artifacts: artifacts.map((ref) => withMetadata(ref, call, ran)),
      artifact_dir: call.artifact_dir,
      metrics: { ...ran.metrics, dropped_count: dropped.count, dropped_bytes: dropped.bytes },
      raw_output: ran.fault === undefined ? ran.raw_output : { ...ran.raw_output, fault: ran.fault },
    })
  }

  #result(fields: Pick<ToolResult, 'status'> & Readonly<Record<string, unknown>>): ToolResult {
    const { number, spent_ms } = this.#attempt
    const duration_ms = Math.round(spent_ms + performance.now() - this.#begun)
    // GV-3.
    const counted = { duration_ms, attempts: number, retries_used: number - 1, timed_out: fields.status === 'timeout' }
    return toolResultSchema.parse(
      this.#shown({
        ...fields,
        metrics: { ...(fields.metrics ?? {}), ...counted },
        started_at: this.#started_at,
        ended_at: this.#host.now().toISOString(),
      }),
    )
  }
}

/** What the tool knows of its file. */
function withMetadata(ref: ArtifactRef, { artifact_dir }: ToolCall, { metadata }: Ran): ArtifactRef {
  const known = metadata?.[ref.path.slice(artifact_dir.length + 1)]
  return known === undefined ? ref : { ...ref, metadata: { ...ref.metadata, ...known } }
}
