import { type PolicyConfig, policySchema } from './policy.ts'

/** The policy that answers when no file can (PL-3): the full lists, so that a typo in a file never opens every tool. */
export const builtInPolicy: PolicyConfig = policySchema.parse({
  version: '1.0',
  high_risk_keywords: [
    ...['delete', 'drop', 'truncate', 'remove', 'destroy'],
    ...['prod', 'production', 'master', 'main', 'release', 'deploy', 'rollback'],
    ...['migration', 'schema', 'database', 'db'],
  ],
  high_risk_patterns: [
    ...['\\bprod\\b', '\\bproduction\\b', '\\btruncate\\b', '\\bsudo\\b'],
    ...['delete\\s+from', 'drop\\s+table', 'rm\\s+-rf'],
  ],
  tools: { allowlist: ['run_playwright', 'run_pytest', 'run_vitest', 'fetch_logs'] },
})
