/**
 * The audit of a run, read off its journal (AU-1 to AU-5). Nothing is written for it: what a row says was committed
 * with the step it belongs to (AU-7), and cannot be missing while the step is there.
 */
import { z } from 'zod'
import { loadedPolicySchema } from '../../../machines/run/policy.ts'
import {
  budgetRulingSchema,
  collectedSchema,
  gateResultSchema,
  orchestrationInputSchema,
  planSchema,
} from '../../../machines/run/schema.ts'
import { type ArtifactRef, blockedBy, type ToolRequest, toolResultSchema } from '../../../machines/run/tool.ts'
import { derivedId } from '../../engine/ids.ts'
import type { InstanceView, JournalEntry } from '../../engine/types.ts'
import { canonical } from '../../ledger/canonical.ts'
import { sha256 } from '../../ledger/hash.ts'

/** AU-2. */
const auditType = z.enum([
  ...['run_created', 'policy_loaded', 'plan_built', 'tool_started', 'tool_finished', 'sandbox_exec'],
  ...['artifact_collected', 'policy_blocked', 'governance_short_circuit', 'evidence_saved', 'decision_made'],
  ...['approval_created', 'approval_decided', 'run_failed', 'run_cancelled', 'dry_run_finished', 'mcp_tool_call'],
] as const)
type AuditType = z.infer<typeof auditType>

export const auditRow = z.object({
  id: z.uuid(),
  run_id: z.uuid(),
  tenant_id: z.string(),
  created_by_user_id: z.string(),
  ts: z.iso.datetime(),
  seq: z.int().min(1),
  event_type: auditType,
  actor: z.string(),
  tool_name: z.string().nullable(),
  args_hash: z.string().nullable(),
  status: z.string().nullable(),
  duration_ms: z.int().nullable(),
  policy_hash: z.string().nullable(),
  git_sha: z.string().nullable(),
  decision_source: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
})
export type AuditRow = z.infer<typeof auditRow>

/** What one step adds; the rest of a row follows from the steps before it. */
type Said = Pick<AuditRow, 'event_type'> &
  Partial<Pick<AuditRow, 'status' | 'duration_ms' | 'decision_source' | 'details'>>

/** What later rows repeat of earlier steps. */
interface Known {
  readonly tool_name: string | null
  readonly args_hash: string | null
  readonly policy_hash: string | null
  readonly git_sha: string | null
}

const NOTHING_KNOWN: Known = { tool_name: null, args_hash: null, policy_hash: null, git_sha: null }
/** AU-5: more than these are counted, not shown. */
const SAMPLES = 10
const HASH_DIGITS = 16

const workDone = /^xstate\.(done|error)\.actor\.(.+)$/

/** The rows of a run from all entries of its journal, oldest first. A redacted step says only that it was. */
export function auditOf(run: InstanceView, entries: readonly JournalEntry[]): AuditRow[] {
  const rows: AuditRow[] = []
  let known = NOTHING_KNOWN
  for (const entry of entries) {
    known = learned(known, entry)
    for (const { details = {}, ...said } of saidBy(entry)) {
      const seq = rows.length + 1
      rows.push({
        ...{ id: derivedId(entry.event_id, `audit/${said.event_type}`), run_id: run.instance_id, seq },
        ...{ tenant_id: run.tenant, created_by_user_id: ownerOf(run), ts: entry.at, actor: entry.by.id },
        ...{ status: null, duration_ms: null, decision_source: null },
        ...known,
        ...said,
        details,
      })
    }
  }
  return rows
}

function ownerOf({ attributes }: InstanceView): string {
  return String(attributes.owner_id)
}

function learned(known: Known, { event }: JournalEntry): Known {
  const output = outputOf(event)
  switch (event?.type) {
    case 'xstate.init': {
      const input = z.object({ input: orchestrationInputSchema }).safeParse(event).data?.input
      return { ...known, tool_name: input?.tool_name ?? null }
    }
    case 'xstate.done.actor.loadPolicy':
      return { ...known, policy_hash: loadedPolicySchema.safeParse(output).data?.policy_hash ?? null }
    case 'xstate.done.actor.planTool': {
      const request = planSchema.safeParse(output).data?.tool_request
      return {
        ...known,
        tool_name: request?.tool_name ?? known.tool_name,
        args_hash: request ? argsHash(request) : null,
      }
    }
    case 'xstate.done.actor.collectEvidence':
      return { ...known, git_sha: collectedSchema.safeParse(output).data?.evidence.repro.git_sha ?? null }
    default:
      return known
  }
}

/** AU-3: never the arguments themselves. */
function argsHash({ args }: ToolRequest): string | null {
  return Object.keys(args).length === 0 ? null : sha256(canonical(args)).slice(0, HASH_DIGITS)
}

function saidBy(entry: JournalEntry): Said[] {
  return [...saidByEvent(entry), ...saidByState(entry)]
}

function saidByEvent({ event, by }: JournalEntry): Said[] {
  const output = outputOf(event)
  switch (event?.type) {
    case 'xstate.init':
      return [{ event_type: 'run_created' }]
    case 'xstate.done.actor.loadPolicy': {
      const { version, high_risk_keywords_count, high_risk_patterns_count } =
        loadedPolicySchema.parse(output).policy_meta
      return [{ event_type: 'policy_loaded', details: { version, high_risk_keywords_count, high_risk_patterns_count } }]
    }
    case 'xstate.done.actor.planTool': {
      const { tool_request, needs_approval } = planSchema.parse(output)
      const { timeout_s, dry_run } = tool_request
      return [
        { event_type: 'plan_built', details: { timeout_s, dry_run, needs_approval: needs_approval?.stage ?? null } },
      ]
    }
    case 'xstate.done.actor.executeTool':
      return toolRows(output)
    case 'xstate.error.actor.executeTool':
      return [{ event_type: 'tool_finished', status: 'failed', duration_ms: 0 }]
    case 'xstate.done.actor.enforceBudget': {
      const { judgement, budget } = budgetRulingSchema.parse(output)
      if (judgement === null) return []
      const details = { reason: judgement.reason, short_circuit_reason: budget.short_circuit_reason }
      return [{ event_type: 'governance_short_circuit', decision_source: 'governance_short_circuit', details }]
    }
    case 'xstate.done.actor.collectEvidence': {
      const { evidence_sha256, report_path } = collectedSchema.parse(output)
      return [{ event_type: 'evidence_saved', details: { evidence_sha256, report_path } }]
    }
    case 'xstate.done.actor.evaluateGate': {
      const { decision, reason, triggered_rules } = gateResultSchema.parse(output)
      const details = { reason, triggered_rules }
      return [{ event_type: 'decision_made', status: decision, decision_source: 'gate_evaluator', details }]
    }
    case 'approval.created':
      return [{ event_type: 'approval_created', details: idOf(event) }]
    case 'approval.approved':
    case 'approval.rejected':
    case 'approval.expired':
      return [
        {
          event_type: 'approval_decided',
          status: event.type.slice('approval.'.length),
          details: reviewOf(event, by.id),
        },
      ]
    default:
      return []
  }
}

/** What follows from where the run went, whatever event took it there. */
function saidByState({ event, state_before, state_after }: JournalEntry): Said[] {
  if (state_before === state_after) return []
  switch (state_after) {
    case 'execute':
      return [{ event_type: 'tool_started' }]
    case 'finished':
      return [{ event_type: 'dry_run_finished' }]
    case 'cancelled':
      return [{ event_type: 'run_cancelled' }]
    case 'failed':
      return [{ event_type: 'run_failed', details: { node: workDone.exec(event?.type ?? '')?.[2] ?? null } }]
    case 'judged':
      // Settled before any gate: by the budget, or by a human's no to the plan.
      return state_before === 'collect' ? [{ event_type: 'decision_made', status: 'FAIL' }] : []
    default:
      return []
  }
}

function toolRows(output: unknown): Said[] {
  const result = toolResultSchema.parse(output)
  const { status, metrics, artifacts, raw_output, error_message } = result
  const sandbox = z.record(z.string(), z.unknown()).safeParse(raw_output?.sandbox_exec).data
  const rows: Said[] = []
  if (blockedBy(result) === 'policy') {
    rows.push({ event_type: 'policy_blocked', decision_source: 'policy_block', details: { reason: error_message } })
  }
  if (sandbox) {
    const { status: ended, duration_ms, ...details } = sandbox
    rows.push({ event_type: 'sandbox_exec', status: String(ended), duration_ms: Number(duration_ms), details })
  }
  if (artifacts.length > 0) rows.push({ event_type: 'artifact_collected', details: collectionOf(artifacts) })
  rows.push({
    event_type: 'tool_finished',
    status,
    duration_ms: metrics.duration_ms,
    details: { exit_code: metrics.exit_code, attempts: metrics.attempts },
  })
  return rows
}

/** AU-5: counts, kinds and the first few; never an absolute path. */
function collectionOf(artifacts: readonly ArtifactRef[]) {
  const shown = artifacts.map(({ type, path, size, metadata }) => ({ type, rel_path: relPath(path, metadata), size }))
  const types = Object.groupBy(shown, ({ type }) => type)
  return {
    total_count: shown.length,
    stats_by_type: Object.fromEntries(Object.entries(types).map(([type, refs]) => [type, refs?.length ?? 0])),
    samples: shown.slice(0, SAMPLES),
    truncated: shown.length > SAMPLES,
    boundary: {
      scope: [...new Set(shown.map(({ rel_path }) => rel_path.split('/').slice(0, -1).join('/')))].toSorted(),
      extensions: [...new Set(shown.map(({ rel_path }) => /\.[^./]+$/.exec(rel_path)?.[0] ?? ''))].toSorted(),
    },
  }
}

function relPath(path: string, metadata: Readonly<Record<string, unknown>>): string {
  return typeof metadata.rel_path === 'string' ? metadata.rel_path : (path.split('/').at(-1) as string)
}

function outputOf(event: JournalEntry['event']): unknown {
  return (event as { output?: unknown } | null)?.output
}

function idOf(event: object): Record<string, unknown> {
  return { approval_id: (event as { approval_id?: unknown }).approval_id }
}

function reviewOf(event: object, by: string): Record<string, unknown> {
  const { reviewer = by, review_comment = null } = event as { reviewer?: string; review_comment?: string | null }
  return { reviewer, review_comment }
}

/** The newest of a kind, as a run's page shows it. */
export function newest(rows: readonly AuditRow[], event_type: AuditType): AuditRow | undefined {
  return rows.findLast((row) => row.event_type === event_type)
}
