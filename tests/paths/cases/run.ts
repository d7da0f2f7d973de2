/** Harmless, risky and dry runs; policies that ask a human at the gate or before, and give up after a minute. */
import { enforceBudget } from '../../../machines/run/budget.ts'
import { evaluateGate } from '../../../machines/run/gate.ts'
import { plan } from '../../../machines/run/plan.ts'
import type { Collected } from '../../../machines/run/schema.ts'
import type { CollectEvidenceInput, PlanToolInput } from '../../../machines/run/work.ts'
import { evidenceOf, inputOf, loaded, policyOf, resultOf, SHA, testTool } from '../../machines/support/runs.ts'
import type { Cases } from '../cases.ts'

export const runCases: Cases = {
  starts: {
    'a harmless run': { input: inputOf() },
    'a risky run': { input: inputOf({ nl_input: 'delete the basket' }) },
    'a dry run': { input: inputOf({ dry_run: true }) },
  },
  says: {
    'xstate.done.actor.loadPolicy': [
      loaded(policyOf({ hitl: { stage: 'gate', expires_after_s: 60 } })),
      loaded(policyOf({ hitl: { stage: 'plan', expires_after_s: 60 } })),
    ],
    'xstate.done.actor.planTool': [(asked: PlanToolInput) => plan({ ...asked, tool: testTool })],
    'xstate.done.actor.executeTool': [resultOf(), resultOf({ duration_ms: 3_600_000 })],
    'xstate.done.actor.enforceBudget': [enforceBudget],
    'xstate.done.actor.collectEvidence': [collected],
    'xstate.done.actor.evaluateGate': [evaluateGate],
  },
}

function collected({ run_id, input }: CollectEvidenceInput): Collected {
  const evidence = evidenceOf({ run_id, input_nl: input.nl_input })
  return { evidence, evidence_sha256: SHA, report_path: `${run_id}/evidence.json` }
}
