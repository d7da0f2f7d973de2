/** The policy a run is judged by: every field, its default and its limits. Unknown keys are refused by name (PL-5). */
import { z } from 'zod'
import { compilePattern } from './pattern.ts'

const count = (least: number) => z.int().min(least)
const seconds = z.int().min(1).max(3600)
const networkPolicy = z.enum(['deny', 'allowlist', 'all']).default('deny')
const names = (fallback: readonly string[] = []) => z.array(z.string().min(1)).default([...fallback])

/** PL-6: compared as it will be looked for, whatever the file's case, width or repetitions. */
const keyword = z.string().trim().normalize('NFKC').toLowerCase().min(1)
const keywords = z
  .array(keyword)
  .max(500)
  .overwrite((list) => [...new Set(list)])

/** PL-6: a pattern that does not compile is found out here, not in the middle of a gate. */
const pattern = z.string().min(1).superRefine(mustCompile)

/** SB-4: variables a tool's process may see, by name or glob. */
const environmentWhitelist = [
  ...['PATH', 'HOME', 'USER', 'SHELL', 'TERM', 'TMPDIR', 'TMP', 'TEMP'],
  ...['SYSTEMROOT', 'WINDIR', 'COMSPEC', 'PATHEXT', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'LOCALAPPDATA'],
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)', 'COMMONPROGRAMFILES', 'SYSTEMDRIVE'],
  ...['NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE', 'OS', 'USERNAME'],
  ...['PYTHONPATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONUNBUFFERED', 'VIRTUAL_ENV'],
  ...['LANG', 'LC_*', 'LANGUAGE'],
  ...['CI', 'GITHUB_*', 'RUNNER_*', 'ACTIONS_*'],
  ...['PLAYWRIGHT_*', 'DISPLAY', 'XDG_*', 'DBUS_*'],
  ...['NODE_ENV', 'FORCE_COLOR', 'NO_COLOR'],
]

const junitPassRule = z.strictObject({
  max_failures: count(0).default(0),
  max_errors: count(0).default(0),
  min_executed: count(0).default(1),
})

const fallbackRule = z.strictObject({
  require_all_tools_success: z.boolean().default(true),
})

const costGovernance = z.strictObject({
  timeout_s: seconds.default(300),
  max_retries: z.int().min(0).max(10).default(3),
  max_attempts_total: count(1).nullable().default(null),
})

const tools = z.strictObject({
  /** Empty: every registered tool. */
  allowlist: names(),
  playwright: z
    .strictObject({
      require_container: z.boolean().default(true),
      network: networkPolicy,
      allowlist: names(),
    })
    .prefault({}),
  /** Empty: none. */
  run_command: z.strictObject({ programs: names() }).prefault({}),
  /** Empty: none. */
  http_request: z.strictObject({ hosts: names(), methods: names(['GET', 'HEAD']) }).prefault({}),
})

const sandbox = z.strictObject({
  enabled: z.boolean().default(true),
  mode: z.enum(['subprocess', 'container']).default('subprocess'),
  timeout_s: count(1).default(300),
  /** A soft limit: passing it warns. */
  memory_limit_mb: count(64).default(512),
  allowed_paths: names(['tests/', 'test/', 'artifacts/']),
  env_whitelist: names(environmentWhitelist),
  blocked_commands: names(['rm', 'sudo', 'chmod', 'chown', 'curl', 'wget']),
  container: z
    .strictObject({
      image: z.string().min(1).default('python:3.11-slim'),
      memory_mb: count(64).default(512),
      cpus: z.number().min(0.1).default(1),
      pids_limit: count(10).default(100),
      network_policy: networkPolicy,
      network_allowlist: names(),
      readonly_workspace: z.boolean().default(true),
    })
    .prefault({}),
})

const artifactLimits = z.strictObject({
  max_count: count(1).default(50),
  max_size_mb: count(1).default(10),
})

const hitl = z.strictObject({
  /** When a risky run asks: after it ran, or before (HI-9). */
  stage: z.enum(['gate', 'plan']).default('gate'),
  /** Null: an approval waits for ever. */
  expires_after_s: count(60).nullable().default(null),
  allow_self_approval: z.boolean().default(true),
})

const limits = z.strictObject({
  concurrent: count(1).default(2),
  per_minute: count(1).default(10),
  per_day: count(1).default(100),
})

const confidence = z.number().min(0).max(1)

const aiReview = z.strictObject({
  enabled: z.boolean().default(false),
  models: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        provider: z.string().min(1),
        weight: z.number().min(0).default(1),
        temperature: z.number().min(0).max(2).default(0),
      }),
    )
    .default([]),
  strategy: z.enum(['majority_vote', 'weighted_ensemble', 'cascade']).default('majority_vote'),
  thresholds: z
    .strictObject({ pass_confidence: confidence.default(0.8), hitl_confidence: confidence.default(0.5) })
    .prefault({}),
  dimensions: names(['correctness']),
  max_retries: count(0).default(2),
  timeout_seconds: count(1).default(30),
})

export const policySchema = z.strictObject({
  version: z.string().min(1).default('1.0'),
  high_risk_keywords: keywords.default([]),
  high_risk_patterns: z.array(pattern).max(100).default([]),
  junit_pass_rule: junitPassRule.prefault({}),
  fallback_rule: fallbackRule.prefault({}),
  cost_governance: costGovernance.prefault({}),
  tools: tools.prefault({}),
  sandbox: sandbox.prefault({}),
  artifact_limits: artifactLimits.prefault({}),
  hitl: hitl.prefault({}),
  limits: limits.prefault({}),
  ai_review: aiReview.prefault({}),
})
export type PolicyConfig = z.infer<typeof policySchema>
/** A policy as a file may write it: partial, even empty (PL-2). */
export type PolicyInput = z.input<typeof policySchema>

/** SHA-256, lower-case hex. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)

/** What a listing shows of a policy (NO-0); `hash` is the first 16 digits (PL-8). */
export const policyMetaSchema = z.strictObject({
  version: z.string(),
  hash: z.string().regex(/^[0-9a-f]{16}$/),
  high_risk_keywords_count: count(0),
  high_risk_patterns_count: count(0),
})

/** The snapshot a run takes at its first node; later reloads do not touch it (PL-7). */
export const loadedPolicySchema = z.strictObject({
  policy: policySchema,
  policy_meta: policyMetaSchema,
  /** All 64 digits of the effective policy's canonical JSON. */
  policy_hash: sha256Schema,
  /** Where it came from, by name and never by path. */
  source: z.string().min(1),
})
export type LoadedPolicy = z.infer<typeof loadedPolicySchema>

function mustCompile(source: string, check: z.RefinementCtx) {
  try {
    compilePattern(source)
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault)
    check.addIssue({ code: 'custom', message: `The pattern "${source}" does not compile: ${why}` })
  }
}
