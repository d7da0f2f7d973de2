import type { Attributes } from '../definition.ts'
import { decisionSource } from './decision-source.ts'
import type { RunContext } from './schema.ts'

const TITLE_CHARACTERS = 120

/** What a list of runs shows and can be searched by. */
export function describeRun(context: RunContext): { title: string; attributes: Attributes } {
  const { input, budget, decision, evidence, tool_result } = context
  return {
    title: input.nl_input.slice(0, TITLE_CHARACTERS),
    attributes: {
      owner_id: context.owner_id,
      environment_id: input.environment_id,
      tool_name: input.tool_name,
      dry_run: input.dry_run,
      tool_status: tool_result?.status ?? null,
      tool_count: tool_result === null ? 0 : 1,
      elapsed_ms: tool_result === null ? null : budget.elapsed_ms_total,
      short_circuited: budget.short_circuited,
      artifact_count: evidence?.artifacts.length ?? 0,
      artifacts_dropped: evidence?.governance.dropped_artifacts.count ?? 0,
      decision,
      decision_source: decision === null ? null : decisionSource(context),
      outcome: context.outcome,
      approval_id: context.approval_id,
      policy_version: context.policy?.version ?? null,
      policy_hash: context.policy_hash,
      error_code: context.error_code,
    },
  }
}
