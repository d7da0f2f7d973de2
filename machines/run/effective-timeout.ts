import type { PolicyConfig } from './policy.ts'

interface Bounded {
  readonly timeout_s: number
  /** The tool can run in a sandbox (TR-4). */
  readonly sandboxable: boolean
  readonly policy: PolicyConfig
}

/** How long one attempt may take: the strictest of what the request, the policy and the sandbox allow (GV-1). */
export function effectiveTimeoutS({ timeout_s, sandboxable, policy }: Bounded): number {
  const limits = [timeout_s, policy.cost_governance.timeout_s]
  if (sandboxable && policy.sandbox.enabled) limits.push(policy.sandbox.timeout_s)
  return Math.min(...limits)
}
