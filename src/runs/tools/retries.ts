import type { PolicyConfig } from '../../../machines/run/policy.ts'
import type { ToolRequest, ToolResult } from '../../../machines/run/tool.ts'
import { lastAttempt } from './attempts.ts'
import type { CallContext, ToolRegistry } from './registry.ts'

/**
 * Executes a planned call, and again after a fault (GV-2, GV-5): at most as often as the policy grants, while there
 * is time left, and only a tool that may run twice. What a tool said, red tests or a wrong argument, is never asked
 * again.
 *
 * These are attempts within one delivery of the effect. A delivery whose server died goes on with the attempt that
 * was under way, in an empty directory (ST-4), so a crash neither costs nor grants a retry.
 */
export async function executeWithRetries(
  { registry, artifacts_root }: { readonly registry: ToolRegistry; readonly artifacts_root: string },
  planned: ToolRequest,
  policy: PolicyConfig,
  context: Omit<CallContext, 'attempt'>,
): Promise<ToolResult> {
  const { max_retries, timeout_s } = policy.cost_governance
  const request = { ...planned, max_retries }
  const { tool_name } = request
  const begun = performance.now()
  const most = 1 + max_retries
  let number = context.delivery > 1 ? Math.min(most, await lastAttempt(artifacts_root, request)) : 1
  for (;;) {
    const spent_ms = performance.now() - begun
    const result = await registry.execute(tool_name, request, policy, { ...context, attempt: { number, spent_ms } })
    const { fault } = result.raw_output ?? {}
    const isLast = number === most || performance.now() - begun >= timeout_s * 1000
    if (fault === undefined || isLast || context.signal.aborted || !registry.get(tool_name).rerunnable) return result
    context.log('A tool call is tried again', { tool_name, fault, attempt: number })
    number += 1
  }
}
