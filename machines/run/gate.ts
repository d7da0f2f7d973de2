/**
 * The gate: is a run as good as its evidence says? The first rule that matches decides.
 *
 *   blocked (GA-1) → high risk (GA-2) → what the tests say (GA-3) → what the tools say (GA-4) → nothing (GA-5)
 *
 * A high-risk run is judged too, so that a human knows what a yes is worth (GA-9).
 */
import type { Evidence, EvidenceSummary, ToolCall } from './evidence.ts'
import { highRisk } from './high-risk.ts'
import type { PolicyConfig } from './policy.ts'
import type { GateResult, Judgement } from './schema.ts'
import type { EvaluateGateInput } from './work.ts'

/** Pure: the same evidence and policy give the same result (GA-10). */
export function evaluateGate({ evidence, policy, risk_text, approved_match }: EvaluateGateInput): GateResult {
  const blocked = blockedCall(evidence)
  if (blocked !== null) return resultOf(blocked, evidence)
  const match = highRisk([evidence.input_nl, risk_text], policy)
  const judgement = judgementOf(evidence, policy)
  if (match === null) return resultOf(judgement, evidence)
  if (match === approved_match) return resultOf(withRule(judgement, `high_risk_approved:${match}`), evidence)
  return {
    ...resultOf(judgement, evidence),
    decision: 'NEED_HITL',
    reason: `High risk: the run matches "${match}"`,
    triggered_rules: [`high_risk_keyword:${match}`],
    underlying: judgement,
  }
}

/** GA-8. */
function resultOf(judgement: Judgement, { summary }: Evidence): GateResult {
  return { ...judgement, evidence_summary: summary, approval_id: null, ai_review_result: null, underlying: null }
}

function withRule(judgement: Judgement, rule: string): Judgement {
  return { ...judgement, triggered_rules: [...judgement.triggered_rules, rule] }
}

/** GA-1: approval cannot help a tool that did not run. */
function blockedCall({ tool_calls }: Evidence): Judgement | null {
  const call = tool_calls.find(({ blocked_by }) => blocked_by !== null)
  if (call === undefined) return null
  return fail(`${call.blocked_by}_blocked`, `${call.tool_name} was blocked by the ${call.blocked_by}`)
}

function judgementOf({ summary, tool_calls }: Evidence, policy: PolicyConfig): Judgement {
  if (summary !== null && summary.tests > 0) return judgedByTests(summary, tool_calls, policy)
  if (tool_calls.length > 0) return judgedByTools(tool_calls, policy)
  return fail('no_execution_data', 'Nothing was executed')
}

/** GA-3. Failures and errors have a threshold each, and neither tolerates the other (GA-7). */
function judgedByTests(summary: EvidenceSummary, calls: readonly ToolCall[], policy: PolicyConfig): Judgement {
  const { tests, failures, errors, skipped, partial } = summary
  const { max_failures, max_errors, min_executed } = policy.junit_pass_rule
  if (failures > max_failures || errors > max_errors) {
    return fail('junit_has_failures', `${failures + errors} of ${tests} tests failed`)
  }
  if (partial) return fail('junit_partial', 'The test report is damaged, so it cannot pass a run')
  const executed = tests - skipped
  if (executed < min_executed) {
    return fail(
      'junit_nothing_executed',
      `${executed} of ${tests} tests were executed, at least ${min_executed} must be`,
    )
  }
  const unexplained = calls.find((call) => call.status !== 'success' && !isExplained(call))
  if (unexplained !== undefined) {
    const { tool_name, status } = unexplained
    return fail('tool_failed_despite_report', `${tool_name} ended as ${status}, which its report does not explain`)
  }
  return pass('junit_all_passed', `All ${tests} tests are within the policy`)
}

/** GA-6: the runner merely repeats the failures its report counts, and the thresholds already tolerate those. */
function isExplained({ status, exit_code, steps_failed }: ToolCall): boolean {
  return status === 'failed' && (exit_code === 1 || exit_code === null) && steps_failed > 0
}

/** GA-4. */
function judgedByTools(calls: readonly ToolCall[], policy: PolicyConfig): Judgement {
  if (!policy.fallback_rule.require_all_tools_success) {
    return pass('fallback_no_strict_check', 'There is no test report, and the policy does not ask for more')
  }
  const failed = calls.filter(({ status }) => status !== 'success')
  if (failed.length > 0) return fail('tool_execution_failed', failed.map(failureOf).join('; '))
  return pass('all_tools_succeeded', 'Every tool succeeded')
}

function failureOf({ tool_name, status, error_message }: ToolCall): string {
  const why = (error_message ?? status).slice(0, 100).replaceAll(/\r\n|[\r\n]/g, ' ')
  return `${tool_name}: ${why}`
}

function pass(rule: string, reason: string): Judgement {
  return { decision: 'PASS', reason, triggered_rules: [rule] }
}

function fail(rule: string, reason: string): Judgement {
  return { decision: 'FAIL', reason, triggered_rules: [rule] }
}
