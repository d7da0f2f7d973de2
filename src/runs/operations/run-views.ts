/** A run as its callers see it: the short form of its result, a line of a list, and everything known about it. */
import { z } from 'zod'
import { decisionSource } from '../../../machines/run/decision-source.ts'
import {
  decisionSourceSchema,
  evidenceArtifactSchema,
  evidenceSchema,
  governanceBudgetSchema,
  reproSchema,
  shortCircuitReasonSchema,
} from '../../../machines/run/evidence.ts'
import { decisionSchema, judgementSchema, outcomeSchema, type RunContext } from '../../../machines/run/schema.ts'
import { type RunStatus, runStatusSchema, statusOf } from '../../../machines/run/status.ts'
import type { InstanceSummary, InstanceView } from '../../engine/types.ts'
import { BASE } from '../../operation.ts'
import { type AuditRow, newest } from '../history/audit.ts'
import { type Approval, approvalView } from './approval-view.ts'

const WAITING = 'waiting_for_human'

export const runResult = z.object({
  run_id: z.uuid(),
  status: runStatusSchema,
  waiting_for: z.literal('approval').nullable(),
  decision: decisionSchema.nullable(),
  outcome: outcomeSchema.nullable(),
  reason: z.string().nullable(),
  evidence: evidenceSchema.nullable(),
  links: z.object({
    execution_id: z.null().meta({ description: 'Reserved' }),
    approval_id: z.uuid().nullable(),
    report_url: z.string().nullable(),
    self_url: z.string(),
    events_url: z.string(),
  }),
})

export function resultOf(run: InstanceView): z.input<typeof runResult> {
  const { decision, outcome, reason, evidence, approval_id } = contextOf(run)
  const { instance_id: run_id } = run
  return {
    run_id,
    status: runStatus(run),
    waiting_for: isWaiting(run) ? 'approval' : null,
    decision,
    outcome,
    reason,
    evidence,
    links: {
      execution_id: null,
      approval_id,
      report_url: evidence === null ? null : `${BASE}/artifacts/${run_id}/evidence.json`,
      self_url: `${BASE}/orchestrations/runs/${run_id}`,
      events_url: `${BASE}/orchestrations/runs/${run_id}/events`,
    },
  }
}

export const runListItem = z.object({
  run_id: z.uuid(),
  status: runStatusSchema,
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  decision: decisionSchema.nullable(),
  decision_source: decisionSourceSchema.nullable(),
  outcome: outcomeSchema.nullable(),
  tool_count: z.int(),
})

export function listItemOf(run: InstanceSummary): z.input<typeof runListItem> {
  const { decision, decision_source, outcome, tool_count } = run.attributes
  return runListItem.parse({
    run_id: run.instance_id,
    status: runStatus(run),
    ...{ started_at: run.created_at, finished_at: finishedAt(run) },
    ...{ decision, decision_source, outcome, tool_count },
  })
}

const artifact = evidenceArtifactSchema
  .pick({ type: true, path: true, rel_path: true, size: true, mime: true })
  .extend({ url: z.string() })

/** Blocks without data are there as null, so that a reader need not ask whether they are (API-2). */
export const runDetail = z.object({
  run_id: z.uuid(),
  status: runStatusSchema,
  waiting_for: z.literal('approval').nullable(),
  owner: z.object({ user_id: z.string(), username: z.string() }).nullable(),
  summary: z.object({
    started_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
    ok: z.boolean().nullable(),
    decision: decisionSchema.nullable(),
    outcome: outcomeSchema.nullable(),
    reason: z.string().nullable(),
    tool_count: z.int(),
  }),
  triggered_rules: z.array(z.string()),
  underlying: judgementSchema.nullable().meta({ description: 'What the run is worth once a human has said yes' }),
  error_code: z.string().nullable(),
  policy: z.object({ version: z.string(), hash: z.string() }).nullable(),
  repro: reproSchema.pick({ git_sha: true, git_branch: true, git_dirty: true, deps_fingerprint: true }).nullable(),
  governance: z
    .object({
      budget: governanceBudgetSchema.pick({ elapsed_ms_total: true, attempts_total: true, retries_used_total: true }),
      short_circuited: z.boolean(),
      short_circuit_reason: shortCircuitReasonSchema.nullable(),
      decision_source: decisionSourceSchema.nullable(),
    })
    .nullable(),
  artifacts: z.array(artifact),
  artifact_audit: z.record(z.string(), z.unknown()).nullable(),
  approval: approvalView.nullable(),
  audit_summary: z
    .object({ event_count: z.int(), first_at: z.iso.datetime().nullable(), last_at: z.iso.datetime().nullable() })
    .nullable()
    .meta({ description: 'For those who may read the audit' }),
})

interface Beside {
  readonly approval: Approval | null
  readonly audit: readonly AuditRow[]
  readonly mayAudit: boolean
}

export function detailOf(run: InstanceView, { approval, audit, mayAudit }: Beside): z.input<typeof runDetail> {
  const context = contextOf(run)
  const { evidence, policy, policy_meta, owner_id } = context
  return {
    run_id: run.instance_id,
    status: runStatus(run),
    waiting_for: isWaiting(run) ? 'approval' : null,
    owner: { user_id: owner_id, username: owner_id },
    summary: summaryOf(run, context),
    triggered_rules: context.triggered_rules,
    underlying: context.underlying,
    error_code: context.error_code,
    policy: policy && policy_meta && { version: policy.version, hash: policy_meta.hash },
    repro: evidence && reproOf(evidence.repro),
    governance: evidence && governanceOf(context),
    artifacts: (evidence?.artifacts ?? []).map(({ type, path, rel_path, size, mime }) => ({
      ...{ type, path, rel_path, size, mime },
      url: `${BASE}/artifacts/${run.instance_id}/${rel_path.split('/').map(encodeURIComponent).join('/')}`,
    })),
    artifact_audit: newest(audit, 'artifact_collected')?.details ?? null,
    approval,
    audit_summary: mayAudit ? auditSummaryOf(audit) : null,
  }
}

function auditSummaryOf(rows: readonly AuditRow[]) {
  return { event_count: rows.length, first_at: rows[0]?.ts ?? null, last_at: rows.at(-1)?.ts ?? null }
}

export function contextOf(run: InstanceView): RunContext {
  return run.context as unknown as RunContext
}

/** Nothing more happens by itself: the run has ended, or a human has to decide. */
export function isSettled(run: InstanceView): boolean {
  return run.status !== 'active' || isWaiting(run)
}

function isWaiting({ tags, status }: InstanceSummary): boolean {
  return status === 'active' && tags.includes(WAITING)
}

function runStatus({ status, tags }: InstanceSummary): RunStatus {
  if (status === 'error') return 'FAILED'
  return status === 'stopped' ? 'CANCELLED' : statusOf(tags)
}

function finishedAt({ status, updated_at }: InstanceSummary): string | null {
  return status === 'active' ? null : updated_at
}

function summaryOf(run: InstanceView, { evidence, decision, outcome, reason, tool_result }: RunContext) {
  const tests = evidence?.summary ?? null
  return {
    started_at: run.created_at,
    finished_at: finishedAt(run),
    ok: tests && tests.failures === 0 && tests.errors === 0,
    decision,
    outcome,
    reason,
    tool_count: tool_result === null ? 0 : 1,
  }
}

function reproOf({ git_sha, git_branch, git_dirty, deps_fingerprint }: z.output<typeof reproSchema>) {
  return { git_sha, git_branch, git_dirty, deps_fingerprint }
}

function governanceOf(context: RunContext) {
  const { elapsed_ms_total, attempts_total, retries_used_total, short_circuited, short_circuit_reason } = context.budget
  return {
    budget: { elapsed_ms_total, attempts_total, retries_used_total },
    short_circuited,
    short_circuit_reason,
    decision_source: context.decision === null ? null : decisionSource(context),
  }
}
