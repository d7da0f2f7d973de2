import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { filesOf, type KeptResult, resultsOf } from './kept-results.ts'
import type { AuditRow, RunRecord, RunRecords } from './run-records.ts'
import { type Ran, type Tool, type ToolCall, ToolFailure } from './tool.ts'

const args = z.strictObject({
  target_run_id: z.string(),
  log_type: z.enum(['all', 'tool', 'audit']).default('all'),
  limit: z.int().min(1).max(1000).default(100),
  include_artifacts: z.boolean().default(true),
})
type Args = z.infer<typeof args>

interface Log {
  readonly log_type: 'tool' | 'audit'
  readonly at: string
  /** What is told of it everywhere. */
  readonly told: Readonly<Record<string, unknown>>
  /** What only the file holds on top. */
  readonly more: Readonly<Record<string, unknown>>
}

/** Reads what another run left behind, as far as whoever started this one may see it. */
export function fetchLogs(records: RunRecords): Tool<Args> {
  return {
    name: 'fetch_logs',
    description: 'Reads the results, the audit and the list of files of another run',
    version: '1.0.0',
    tags: ['logs'],
    effects: 'read',
    rerunnable: true,
    sandboxable: false,
    args,
    risk_text: ({ target_run_id, log_type }) => `${target_run_id} ${log_type}`,

    async prepare(wanted, call) {
      const target = z.uuid().safeParse(wanted.target_run_id.toLowerCase())
      if (!target.success) throw new ToolFailure(`Invalid UUID for target_run_id: got "${wanted.target_run_id}"`)
      const asked = { ...wanted, target_run_id: target.data }
      return {
        planned: { ...asked, timeout_s: call.timeout_s, artifact_dir: call.artifact_dir },
        run: () => run(call, asked, records),
      }
    },
  }
}

async function run(call: ToolCall, asked: Args, records: RunRecords): Promise<Ran> {
  const { target_run_id, log_type, limit, include_artifacts } = asked
  const record = await records.open({ tenant: call.tenant, run_id: call.run_id, target_run_id })
  if (log_type === 'audit' && record !== null && record.audit === null) {
    throw new ToolFailure('The audit of a run is for those who may read audits (audit:read)')
  }
  const place = join(call.host.artifacts_root, target_run_id)
  const found = record === null ? [] : await logsOf(place, record, asked)
  const logs = found.toSorted((one, other) => one.at.localeCompare(other.at)).slice(0, limit)
  const artifacts = record === null || !include_artifacts ? [] : await filesOf(place)
  const lines = logs.map(({ log_type, told, more }) => `${JSON.stringify({ log_type, ...told, ...more })}\n`)
  await writeFile(join(call.directory, 'logs.jsonl'), lines.join(''))
  const summary = {
    target_run_id,
    logs_count: logs.length,
    artifacts_count: artifacts.length,
    log_types: [...new Set(logs.map((log) => log.log_type))],
  }
  return {
    status: 'success',
    error_message: null,
    stdout: `${JSON.stringify(summary)}\n`,
    stderr: '',
    metrics: { steps_total: logs.length, steps_passed: logs.length },
    raw_output: { logs: logs.map(({ log_type, told }) => ({ log_type, ...told })), artifacts, summary },
  }
}

async function logsOf(place: string, { audit }: RunRecord, { log_type, limit }: Args): Promise<readonly Log[]> {
  const results = log_type === 'audit' ? [] : await resultsOf(place)
  const rows = log_type === 'tool' || audit === null ? [] : await audit(limit)
  return [...results.map(toolLog), ...rows.map(auditLog)]
}

/** TC-4, and in the file what the tool said. */
function toolLog({ tool_name, attempt, logged_at, result }: KeptResult): Log {
  const { status, started_at, ended_at, error_message, stdout, stderr } = result
  return {
    log_type: 'tool',
    at: logged_at,
    told: {
      ...{ tool_name, attempt, status, ok: status === 'success', duration_ms: result.metrics.duration_ms },
      ...{ artifacts_count: result.artifacts.length, started_at, ended_at, error: error_message },
    },
    more: { stdout, stderr },
  }
}

function auditLog(row: AuditRow): Log {
  return { log_type: 'audit', at: row.ts, told: { ...row }, more: {} }
}
