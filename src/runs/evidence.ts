/** The evidence of a run: the facts of its one call as a document, checked against its schema before anybody writes it (EV-1). */
import { z } from 'zod'
import {
  EVIDENCE_SCHEMA,
  type Evidence,
  type EvidenceArtifact,
  type EvidenceSummary,
  evidenceSchema,
  evidenceSummarySchema,
  type FailedTest,
  type Governance,
  isolationSchema,
  type Repro,
  type ToolCall,
} from '../../machines/run/evidence.ts'
import { type ArtifactRef, blockedBy, type ToolResult } from '../../machines/run/tool.ts'
import type { CollectEvidenceInput } from '../../machines/run/work.ts'

const TEXT_CHARACTERS = 200
const FAILED_TESTS = 50

/** What the run itself does not know. */
export interface Circumstances {
  readonly repro: Repro
  readonly collected_at: string
}

export function evidenceOf(run: CollectEvidenceInput, { repro, collected_at }: Circumstances): Evidence {
  const { tool_result, input, policy } = run
  return evidenceSchema.parse({
    $schema: EVIDENCE_SCHEMA,
    run_id: run.run_id,
    input_nl: input.nl_input,
    environment: { environment_id: input.environment_id },
    tool_calls: tool_result === null ? [] : [toolCall(run.tool_request.tool_name, tool_result)],
    artifacts: (tool_result?.artifacts ?? []).map((ref) => artifactIn(run.run_id, ref)).filter((ref) => ref !== null),
    summary: tool_result === null ? null : summaryOf(tool_result),
    repro,
    governance: governanceOf(run),
    policy: { version: policy.version, hash: run.policy_hash },
    ai_review: null,
    collected_at,
  } satisfies Evidence)
}

/** EV-6, TC-5: an artifact outside the run's directory, or of unknown content, never enters evidence: null. */
export function artifactIn(run_id: string, { path, sha256, ...ref }: ArtifactRef): EvidenceArtifact | null {
  const [first, ...below] = path.split('/')
  const isInside = first === run_id && below.length > 0 && below.every((part) => !['', '.', '..'].includes(part))
  return isInside && sha256 !== null ? { ...ref, path, rel_path: below.join('/'), sha256 } : null
}

function toolCall(tool_name: string, result: ToolResult): ToolCall {
  const { duration_ms, exit_code, steps_total, steps_passed, steps_failed } = result.metrics
  const { attempts, retries_used, timed_out } = result.metrics
  return {
    tool_name,
    status: result.status,
    ...{ duration_ms, exit_code, steps_total, steps_passed, steps_failed },
    error_message: result.error_message === null ? null : cut(result.error_message),
    ...{ attempts, retries_used, timed_out },
    blocked_by: blockedBy(result),
    ...isolationOf(result),
    failed_tests: failedTests(result),
  }
}

function isolationOf({ raw_output }: ToolResult): Pick<ToolCall, 'isolation'> {
  const told = isolationSchema.safeParse(raw_output?.isolation)
  return told.success ? { isolation: told.data } : {}
}

const toldTests = z.array(z.object({ classname: z.string(), name: z.string(), message: z.string() }))

function failedTests({ raw_output }: ToolResult): FailedTest[] {
  const told = toldTests.safeParse(raw_output?.failed_tests)
  if (!told.success) return []
  return told.data
    .slice(0, FAILED_TESTS)
    .map(({ classname, name, message }) => ({ classname: cut(classname), name: cut(name), message: cut(message) }))
}

/** EV-4: the report, if it has tests; EV-5: otherwise what was measured. */
function summaryOf({ raw_output, metrics }: ToolResult): EvidenceSummary {
  const report = evidenceSummarySchema.safeParse(raw_output?.junit)
  if (report.success && report.data.tests > 0) return report.data
  const { steps_total, steps_passed, steps_failed, duration_ms } = metrics
  return {
    tests: steps_total,
    failures: steps_failed,
    errors: 0,
    skipped: 0,
    time: duration_ms / 1000,
    passed: steps_passed,
    partial: false,
  }
}

function governanceOf({ budget, policy, tool_result, decision_source }: CollectEvidenceInput): Governance {
  const { elapsed_ms_total, attempts_total, retries_used_total, short_circuited, short_circuit_reason } = budget
  const { timeout_s, max_retries } = policy.cost_governance
  const dropped = tool_result?.metrics
  return {
    budget: { elapsed_ms_total, attempts_total, retries_used_total },
    policy_limits: { timeout_s, max_retries },
    short_circuited,
    short_circuit_reason,
    decision_source,
    dropped_artifacts: { count: figure(dropped?.dropped_count), bytes: figure(dropped?.dropped_bytes) },
  }
}

function figure(told: unknown): number {
  return typeof told === 'number' ? told : 0
}

function cut(text: string): string {
  return text.slice(0, TEXT_CHARACTERS).toWellFormed()
}
