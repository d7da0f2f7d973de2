/** Runs to test with: their inputs, what their work brings back, and a walk that answers the pure work by itself. */
import type { Principal } from '../../../machines/definition.ts'
import { enforceBudget, nothingSpent } from '../../../machines/run/budget.ts'
import { EVIDENCE_SCHEMA, type Evidence, type EvidenceSummary, type ToolCall } from '../../../machines/run/evidence.ts'
import { evaluateGate } from '../../../machines/run/gate.ts'
import { runMachine } from '../../../machines/run/machine.ts'
import { plan, type ToolFacts } from '../../../machines/run/plan.ts'
import { type LoadedPolicy, type PolicyConfig, type PolicyInput, policySchema } from '../../../machines/run/policy.ts'
import type { Collected, OrchestrationInput, RunContext } from '../../../machines/run/schema.ts'
import { blockedBy, type ToolResult, toolResultSchema } from '../../../machines/run/tool.ts'
import type { PlanToolInput } from '../../../machines/run/work.ts'
import { ada, given, INSTANCE_ID, type Walk } from './walk.ts'

export const APPROVAL_ID = '01990000-0000-7000-8000-000000000002'
export const SHA = 'ab'.repeat(32)

export const testTool: ToolFacts = { effects: 'test', risk_text: '' }
export const mutatingTool: ToolFacts = { effects: 'mutate', risk_text: 'cp a b' }

export function policyOf(changes: PolicyInput = {}): PolicyConfig {
  return policySchema.parse({ high_risk_keywords: ['prod', 'delete'], ...changes })
}

export function inputOf(changes: Partial<OrchestrationInput> = {}): OrchestrationInput {
  const asked = { nl_input: 'check the basket', environment_id: null, timeout_s: 120, dry_run: false }
  return { ...asked, tool_name: 'run_vitest', tool_args: { test_path: 'tests' }, ...changes }
}

export function resultOf(changes: Partial<ToolResult> & { duration_ms?: number; attempts?: number } = {}): ToolResult {
  const { duration_ms = 1000, attempts = 1, ...rest } = changes
  return toolResultSchema.parse({
    status: 'success',
    started_at: '2026-01-01T00:00:00.000Z',
    ended_at: '2026-01-01T00:00:01.000Z',
    metrics: { duration_ms, attempts, retries_used: attempts - 1, exit_code: 0 },
    ...rest,
  })
}

export function summaryOf(changes: Partial<EvidenceSummary> = {}): EvidenceSummary {
  return { tests: 3, failures: 0, errors: 0, skipped: 0, time: 1, passed: 3, partial: false, ...changes }
}

export function callOf(changes: Partial<ToolCall> = {}): ToolCall {
  return {
    ...{ tool_name: 'run_vitest', status: 'success', duration_ms: 1000, exit_code: 0 },
    ...{ steps_total: 0, steps_passed: 0, steps_failed: 0, error_message: null },
    ...{ attempts: 1, retries_used: 0, timed_out: false, blocked_by: null, failed_tests: [] },
    ...changes,
  }
}

export function evidenceOf(changes: Partial<Evidence> = {}): Evidence {
  return {
    $schema: EVIDENCE_SCHEMA,
    run_id: INSTANCE_ID,
    input_nl: 'check the basket',
    environment: { environment_id: null },
    tool_calls: [callOf()],
    artifacts: [],
    summary: summaryOf(),
    repro: {
      ...{ git_sha: null, git_branch: null, git_dirty: null, runtime_version: null, platform_info: null },
      ...{ deps_fingerprint: null, deps_fingerprint_algo: 'sha256', deps_source: null },
    },
    governance: {
      budget: { elapsed_ms_total: 1000, attempts_total: 1, retries_used_total: 0 },
      policy_limits: { timeout_s: 300, max_retries: 3 },
      short_circuited: false,
      short_circuit_reason: null,
      decision_source: 'gate_evaluator',
      dropped_artifacts: { count: 0, bytes: 0 },
    },
    policy: { version: '1.0', hash: SHA },
    ai_review: null,
    collected_at: '2026-01-01T00:00:02.000Z',
    ...changes,
  }
}

/** A run on its way; planner, budget and gate have answered wherever it stands. */
export interface RunWalk extends Walk<RunContext> {
  readonly says: (event: { type: string; [more: string]: unknown }, by?: Principal) => RunWalk
  readonly loads: (policy: PolicyConfig) => RunWalk
  readonly executes: (result: ToolResult) => RunWalk
  readonly collects: (summary?: EvidenceSummary | null) => RunWalk
  readonly breaks: (work_id: string, error?: unknown) => RunWalk
}

export function aRun({ input = {}, tool = testTool, by = ada }: Circumstances = {}): RunWalk {
  const pure = {
    planTool: (asked: PlanToolInput) => plan({ ...asked, tool }),
    enforceBudget,
    evaluateGate,
  }
  return onward(given(runMachine, inputOf(input), by))

  function onward(stopped: Walk<RunContext>): RunWalk {
    const walk = answered(stopped)
    return {
      ...walk,
      says: (event, who) => onward(walk.when(event, who)),
      loads: (policy) => onward(walk.done('loadPolicy', loaded(policy))),
      executes: (result) => onward(walk.done('executeTool', result)),
      collects: (summary = summaryOf()) => onward(walk.done('collectEvidence', collected(walk.context, summary))),
      breaks: (work_id, error = new Error('out of order')) => onward(walk.fails(work_id, error)),
    }
  }

  function answered(walk: Walk<RunContext>): Walk<RunContext> {
    for (const [id, rule] of Object.entries(pure)) {
      if (id in walk.work) return answered(walk.done(id, rule(walk.work[id] as never)))
    }
    return walk
  }
}

/** What the pure work of a harmless green run answers, for walks that stop in between. */
export const answers: Readonly<Record<string, unknown>> = {
  planTool: plan({ run_id: INSTANCE_ID, input: inputOf(), policy: policyOf(), tool: testTool }),
  enforceBudget: { budget: nothingSpent, judgement: null },
}

/** A harmless run that stands in a state which answers by itself, before it has answered. */
export function stoppedIn(state: string): Walk<RunContext> {
  const steps: [work_id: string, output: unknown][] = [
    ['loadPolicy', loaded(policyOf())],
    ['planTool', answers.planTool],
    ['executeTool', resultOf()],
    ['enforceBudget', answers.enforceBudget],
    ['collectEvidence', { evidence: evidenceOf(), evidence_sha256: SHA, report_path: `${INSTANCE_ID}/evidence.json` }],
  ]
  let walk = given<RunContext>(runMachine, inputOf())
  for (const [work_id, output] of steps) {
    if (walk.state === state) return walk
    walk = walk.done(work_id, output)
  }
  return walk
}

interface Circumstances {
  readonly input?: Partial<OrchestrationInput>
  readonly tool?: ToolFacts
  readonly by?: Principal
}

export function loaded(policy: PolicyConfig): LoadedPolicy {
  const counts = {
    high_risk_keywords_count: policy.high_risk_keywords.length,
    high_risk_patterns_count: policy.high_risk_patterns.length,
  }
  const policy_meta = { version: policy.version, hash: SHA.slice(0, 16), ...counts }
  return { policy, policy_meta, policy_hash: SHA, source: 'test' }
}

function collected({ input, tool_result }: RunContext, summary: EvidenceSummary | null): Collected {
  const evidence = evidenceOf({ input_nl: input.nl_input, tool_calls: callsOf(tool_result), summary })
  return { evidence, evidence_sha256: SHA, report_path: `${INSTANCE_ID}/evidence.json` }
}

function callsOf(result: ToolResult | null): ToolCall[] {
  if (result === null) return []
  const { status, error_message, metrics } = result
  const { duration_ms, exit_code, attempts } = metrics
  return [callOf({ status, error_message, duration_ms, exit_code, attempts, blocked_by: blockedBy(result) })]
}
