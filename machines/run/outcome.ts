/** What a human's answer makes of a run (HI-5). */
import type { ApprovalNeed, Judgement, Outcome } from './schema.ts'

export type HitlRule = 'hitl_rejected' | 'hitl_expired'

const said = {
  hitl_rejected: 'The approval was rejected',
  hitl_expired: 'Nobody approved in time',
} as const satisfies Record<HitlRule, string>

/** Approval accepts the risk; it cannot turn failed tests into a PASS. */
export function approvedOutcome(underlying: Judgement): Outcome {
  return underlying.decision
}

/** At the plan stage a no settles the run before anything is executed. */
export function deniedPlan(rule: HitlRule, need: ApprovalNeed): Judgement {
  return { decision: 'FAIL', reason: `${said[rule]}: ${need.reason}`, triggered_rules: [rule] }
}
