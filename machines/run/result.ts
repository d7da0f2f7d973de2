import type { RunContext } from './schema.ts'
import type { RunStatus } from './status.ts'

/** What a run amounts to so far (§2.2), free of any notion of HTTP. */
export type OrchestrationResult = Readonly<
  Pick<
    RunContext,
    'run_id' | 'decision' | 'outcome' | 'reason' | 'triggered_rules' | 'evidence' | 'approval_id' | 'report_path'
  > & { status: RunStatus; execution_id: null }
>

export function orchestrationResult(context: RunContext, status: RunStatus): OrchestrationResult {
  const { run_id, decision, outcome, reason, triggered_rules, evidence, approval_id, report_path } = context
  return {
    ...{ run_id, status, decision, outcome, reason, triggered_rules },
    ...{ evidence, execution_id: null, approval_id, report_path },
  }
}
