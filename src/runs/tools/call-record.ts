/** Makes the result of one call: measured from the first check to the last file, and free of what nobody may read. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ApprovalNeed } from '../../../machines/run/schema.ts'
import { type ToolRequest, type ToolResult, toolResultSchema } from '../../../machines/run/tool.ts'
import type { HandlerContext } from '../../engine/types.ts'
import { harvest } from './artifacts.ts'
import { redacted } from './redaction.ts'
import { sandboxRecord } from './sandbox.ts'
import { everyText, excerpt, storable, withoutPlaces } from './shown-text.ts'
import type { Prepared, Ran, ToolCall, ToolHost } from './tool.ts'

export class CallRecord {
  readonly #host: ToolHost
  readonly #request: ToolRequest
  readonly #log: HandlerContext['log']
  readonly #started_at: string
  /** TX-2: the wall clock may jump meanwhile. */
  readonly #begun = performance.now()
  readonly #shown: <T>(value: T) => T

  constructor(host: ToolHost, request: ToolRequest, log: HandlerContext['log']) {
    this.#host = host
    this.#request = request
    this.#log = log
    this.#started_at = host.now().toISOString()
    const masked = withoutPlaces(host)
    this.#shown = (value) => everyText(value, (text) => storable(masked(text)))
  }

  failed(error_message: string): ToolResult {
    return this.#result({ status: 'failed', error_message, stderr: error_message })
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
    const ran = await run()
    const result = await this.#withArtifacts(call, ran)
    const request = { ...this.#request, args: redacted(this.#request.args) }
    const logged = { result, request, logged_at: this.#host.now().toISOString() }
    await written(call, 'tool_result.json', `${JSON.stringify(logged, null, 2)}\n`)
    return result
  }

  async #withArtifacts(call: ToolCall, ran: Ran): Promise<ToolResult> {
    const [stdout, stderr] = [this.#shown(ran.stdout), this.#shown(ran.stderr)]
    await written(call, 'stdout.log', stdout)
    await written(call, 'stderr.log', stderr)
    const { artifacts, dropped } = await harvest(call)
    if (dropped.count > 0) this.#log('Artifacts beyond the limits were left out', dropped)
    return this.#result({
      status: ran.status,
      error_message: ran.error_message,
      stdout: excerpt(stdout),
      stderr: excerpt(stderr),
      artifacts,
      artifact_dir: call.artifact_dir,
      metrics: { ...ran.metrics, dropped_count: dropped.count, dropped_bytes: dropped.bytes },
      raw_output: ran.raw_output,
    })
  }

  #result(fields: Pick<ToolResult, 'status'> & Readonly<Record<string, unknown>>): ToolResult {
    const duration_ms = Math.round(performance.now() - this.#begun)
    return toolResultSchema.parse(
      this.#shown({
        ...fields,
        metrics: { ...(fields.metrics ?? {}), duration_ms },
        started_at: this.#started_at,
        ended_at: this.#host.now().toISOString(),
      }),
    )
  }
}

/** In place of whatever the tool put there: writing into a link or a pipe of its making would follow it, or wait for ever. */
async function written({ directory }: ToolCall, name: string, text: string): Promise<void> {
  const path = join(directory, name)
  await mkdir(directory, { recursive: true })
  await rm(path, { recursive: true, force: true })
  await writeFile(path, text, { flag: 'wx' })
}
