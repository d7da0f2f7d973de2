import { highRisk } from './high-risk.ts'
import type { PolicyConfig } from './policy.ts'
import type { ApprovalNeed, OrchestrationInput, Plan } from './schema.ts'
import type { PlanToolInput } from './work.ts'

/** What the registry knows of the planned call (TR-2): effects can depend on the arguments. */
export interface ToolFacts {
  readonly effects: 'read' | 'test' | 'mutate'
  /** What the tool is about to do, as text (HR-1). */
  readonly risk_text: string
}

interface Planned extends PlanToolInput {
  /** Null for a tool nobody registered: it will fail by itself (GV-6). */
  readonly tool: ToolFacts | null
}

/** The one tool call of a run, and whether a human must agree to it. */
export function plan({ run_id, input, policy, tool }: Planned): Plan {
  const { tool_name, tool_args, timeout_s, dry_run } = input
  return {
    tool_request: { tool_name, args: tool_args, run_id, timeout_s, max_retries: 0, dry_run, metadata: {} },
    risk_text: tool?.risk_text ?? '',
    needs_approval: allowed(tool_name, policy) ? needOf(input, policy, tool) : null,
  }
}

/** Nobody is asked about a tool that the allow-list will stop anyway (GA-1). */
function allowed(tool_name: string, { tools }: PolicyConfig): boolean {
  return tools.allowlist.length === 0 || tools.allowlist.includes(tool_name)
}

/** HI-9: a tool that changes things asks before it does, and under stage `plan` so does every risky run. */
function needOf(input: OrchestrationInput, policy: PolicyConfig, tool: ToolFacts | null): ApprovalNeed | null {
  const match = highRisk([input.nl_input, tool?.risk_text ?? ''], policy)
  if (tool?.effects === 'mutate') {
    return { stage: 'plan', match, reason: `${input.tool_name} changes things outside its run${alsoRisky(match)}` }
  }
  if (match === null) return null
  return { stage: policy.hitl.stage, match, reason: `High risk: the run matches "${match}"` }
}

function alsoRisky(match: string | null): string {
  return match === null ? '' : `, and the run matches "${match}"`
}
