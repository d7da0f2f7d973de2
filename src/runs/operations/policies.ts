/** The policy in force, as far as everybody may know it: its identity and its counts, never its lists (PL-9). */
import { z } from 'zod'
import { json, ok, operation } from '../../operation.ts'
import { Refusal } from '../../refusal.ts'
import type { PolicyFile, PolicyState } from '../policy-file.ts'
import { mayConfigure, mayRead } from './may.ts'

const count = z.int().min(0)

const policyView = z.object({
  version: z.string(),
  hash: z.string().meta({ description: 'The first 16 hex digits' }),
  source: z.string(),
  policy_status: z.enum(['current', 'fallback', 'stale']),
  problem: z.string().nullable().meta({ description: 'What is wrong with the file, if anything' }),
  git_sha: z.string().nullable(),
  deps_fingerprint: z.string().nullable(),
  high_risk_keywords_count: count,
  high_risk_patterns_count: count,
  allowlist_count: count,
  cost_governance: z.object({
    timeout_s: z.int(),
    max_retries: count,
    max_attempts_total: z.int().nullable(),
  }),
})

/** What tells one state of the workspace under test from another. */
export interface Workspace {
  readonly git_sha: string | null
  /** `sha256:` and 64 hex digits. */
  readonly deps_fingerprint: string | null
}

export interface Policies {
  readonly file: PolicyFile
  readonly workspace: () => Promise<Workspace>
}

export function policyOperations({ file, workspace }: Policies) {
  return {
    'policy.read': operation({
      summary: 'The policy new runs are judged by.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/policies/current', answer: json(policyView) },
      params: {},
      execute: async () => ok(viewOf(file.current(), await workspace())),
    }),

    'policy.reload': operation({
      summary: 'Read the policy file again. One that cannot be used leaves the last good policy in force.',
      roles: mayConfigure,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'post', path: '/policies/reload', answer: json(policyView) },
      params: { body: z.strictObject({}).optional() },
      async execute() {
        const state = file.reload()
        if (state.problem === null) return ok(viewOf(state, await workspace()))
        throw new Refusal('POLICY_UNAVAILABLE', state.problem, { policy: viewOf(state, await workspace()) })
      },
    }),
  }
}

function viewOf(
  { policy, policy_meta, source, status, problem }: PolicyState,
  { git_sha, deps_fingerprint }: Workspace,
) {
  const { timeout_s, max_retries, max_attempts_total } = policy.cost_governance
  return {
    version: policy.version,
    hash: policy_meta.hash,
    source,
    policy_status: status,
    problem,
    git_sha,
    deps_fingerprint: deps_fingerprint?.replace(/^sha256:/, '').slice(0, 16) ?? null,
    high_risk_keywords_count: policy_meta.high_risk_keywords_count,
    high_risk_patterns_count: policy_meta.high_risk_patterns_count,
    allowlist_count: policy.tools.allowlist.length,
    cost_governance: { timeout_s, max_retries, max_attempts_total },
  }
}
