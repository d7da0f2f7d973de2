import { describe, expect, test } from 'vitest'
import { builtInPolicy } from '../../../machines/run/built-in-policy.ts'
import { type PolicyInput, policySchema } from '../../../machines/run/policy.ts'

const accepted = (policy: PolicyInput) => policySchema.safeParse(policy).success
const problems = (policy: unknown) => policySchema.safeParse(policy).error?.issues ?? []

describe('what a file leaves out (PL-2, 4.2)', () => {
  test('takes its field default, and the lists of words and tools are empty', () => {
    expect(policySchema.parse({})).toEqual({
      version: '1.0',
      high_risk_keywords: [],
      high_risk_patterns: [],
      junit_pass_rule: { max_failures: 0, max_errors: 0, min_executed: 1 },
      fallback_rule: { require_all_tools_success: true },
      cost_governance: { timeout_s: 300, max_retries: 3, max_attempts_total: null },
      tools: {
        allowlist: [],
        playwright: { require_container: true, network: 'deny', allowlist: [] },
        run_command: { programs: [] },
        http_request: { hosts: [], methods: ['GET', 'HEAD'] },
      },
      sandbox: {
        ...{ enabled: true, mode: 'subprocess', timeout_s: 300, memory_limit_mb: 512 },
        allowed_paths: ['tests/', 'test/', 'artifacts/'],
        env_whitelist: expect.arrayContaining(['PATH', 'PROGRAMFILES(X86)', 'LC_*', 'CI', 'PLAYWRIGHT_*', 'NO_COLOR']),
        blocked_commands: ['rm', 'sudo', 'chmod', 'chown', 'curl', 'wget'],
        container: {
          ...{ image: 'python:3.11-slim', memory_mb: 512, cpus: 1, pids_limit: 100 },
          ...{ network_policy: 'deny', network_allowlist: [], readonly_workspace: true },
        },
      },
      artifact_limits: { max_count: 50, max_size_mb: 10 },
      hitl: { stage: 'gate', expires_after_s: null, allow_self_approval: true },
      limits: { concurrent: 2, per_minute: 10, per_day: 100 },
      ai_review: {
        ...{ enabled: false, models: [], strategy: 'majority_vote', dimensions: ['correctness'] },
        thresholds: { pass_confidence: 0.8, hitl_confidence: 0.5 },
        ...{ max_retries: 2, timeout_seconds: 30 },
      },
    })
  })

  test('takes it inside a group that names only some of its fields', () => {
    expect(policySchema.parse({ sandbox: { container: { cpus: 2 } } }).sandbox).toMatchObject({
      ...{ enabled: true, container: { cpus: 2, memory_mb: 512 } },
    })
  })

  test('is never shared between two policies (PL-7)', () => {
    const [one, other] = [policySchema.parse({}), policySchema.parse({})]
    expect(one).toEqual(other)
    expect(one.sandbox.blocked_commands).not.toBe(other.sandbox.blocked_commands)
  })
})

test('NODE_OPTIONS is not handed to tools (SB-4)', () => {
  expect(policySchema.parse({}).sandbox.env_whitelist).not.toContain('NODE_OPTIONS')
})

test.each([
  [{ surprise: 1 }, [], 'surprise'],
  [{ sandbox: { container: { gpus: 1 } } }, ['sandbox', 'container'], 'gpus'],
  [{ tools: { run_vitest: {} } }, ['tools'], 'run_vitest'],
])('an unknown key is refused by its path (PL-5): %j', (policy, path, key) => {
  expect(problems(policy)).toMatchObject([{ code: 'unrecognized_keys', path, keys: [key] }])
})

describe('limits (4.2)', () => {
  test.each([
    [{ cost_governance: { timeout_s: 0 } }, { cost_governance: { timeout_s: 1 } }],
    [{ cost_governance: { timeout_s: 3601 } }, { cost_governance: { timeout_s: 3600 } }],
    [{ cost_governance: { max_retries: 11 } }, { cost_governance: { max_retries: 10 } }],
    [{ cost_governance: { max_retries: -1 } }, { cost_governance: { max_retries: 0 } }],
    [{ cost_governance: { max_attempts_total: 0 } }, { cost_governance: { max_attempts_total: null } }],
    [{ junit_pass_rule: { max_failures: -1 } }, { junit_pass_rule: { max_failures: 0 } }],
    [{ junit_pass_rule: { max_errors: -1 } }, { junit_pass_rule: { max_errors: 0 } }],
    [{ junit_pass_rule: { min_executed: -1 } }, { junit_pass_rule: { min_executed: 0 } }],
    [{ sandbox: { timeout_s: 0 } }, { sandbox: { timeout_s: 1 } }],
    [{ sandbox: { memory_limit_mb: 63 } }, { sandbox: { memory_limit_mb: 64 } }],
    [{ sandbox: { container: { memory_mb: 63 } } }, { sandbox: { container: { memory_mb: 64 } } }],
    [{ sandbox: { container: { cpus: 0.09 } } }, { sandbox: { container: { cpus: 0.1 } } }],
    [{ sandbox: { container: { pids_limit: 9 } } }, { sandbox: { container: { pids_limit: 10 } } }],
    [{ artifact_limits: { max_count: 0 } }, { artifact_limits: { max_count: 1 } }],
    [{ artifact_limits: { max_size_mb: 0 } }, { artifact_limits: { max_size_mb: 1 } }],
    [{ hitl: { expires_after_s: 59 } }, { hitl: { expires_after_s: 60 } }],
    [{ limits: { concurrent: 0 } }, { limits: { concurrent: 1 } }],
    [{ limits: { per_minute: 0 } }, { limits: { per_minute: 1 } }],
    [{ limits: { per_day: 0 } }, { limits: { per_day: 1 } }],
    [{ ai_review: { max_retries: -1 } }, { ai_review: { max_retries: 0 } }],
    [{ ai_review: { timeout_seconds: 0 } }, { ai_review: { timeout_seconds: 1 } }],
    [{ ai_review: { thresholds: { pass_confidence: 1.1 } } }, { ai_review: { thresholds: { pass_confidence: 1 } } }],
    [{ ai_review: { thresholds: { hitl_confidence: -0.1 } } }, { ai_review: { thresholds: { hitl_confidence: 0 } } }],
  ] satisfies [PolicyInput, PolicyInput][])('%j is refused where %j is not', (beyond, within) => {
    expect(accepted(beyond)).toBe(false)
    expect(accepted(within)).toBe(true)
  })

  test('words of a fixed set are refused when they are others', () => {
    expect(problems({ hitl: { stage: 'never' } })).toHaveLength(1)
    expect(problems({ sandbox: { mode: 'vm' } })).toHaveLength(1)
    expect(problems({ tools: { playwright: { network: 'some' } } })).toHaveLength(1)
    expect(problems({ ai_review: { strategy: 'coin' } })).toHaveLength(1)
  })

  test('a model has weight 1 and temperature 0 unless it says so', () => {
    const models = [{ name: 'a', provider: 'b' }]
    expect(policySchema.parse({ ai_review: { models } }).ai_review.models).toEqual([
      { name: 'a', provider: 'b', weight: 1, temperature: 0 },
    ])
    expect(accepted({ ai_review: { models: [{ name: 'a', provider: 'b', weight: -1 }] } })).toBe(false)
    expect(accepted({ ai_review: { models: [{ name: 'a', provider: 'b', temperature: 2.1 }] } })).toBe(false)
  })

  test('at most 500 keywords and 100 patterns', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `word${index}`)
    expect(accepted({ high_risk_keywords: many(500), high_risk_patterns: many(100) })).toBe(true)
    expect(accepted({ high_risk_keywords: many(501) })).toBe(false)
    expect(accepted({ high_risk_patterns: many(101) })).toBe(false)
  })
})

describe('normalised on load (PL-6)', () => {
  test('keywords are trimmed, of one width and lower case, each once, in their order', () => {
    const high_risk_keywords = [' Prod ', 'drop', 'ＰＲＯＤ', 'Drop', 'ünïcode']
    expect(policySchema.parse({ high_risk_keywords }).high_risk_keywords).toEqual(['prod', 'drop', 'ünïcode'])
  })

  test('an empty keyword is refused', () => {
    expect(accepted({ high_risk_keywords: ['  '] })).toBe(false)
  })

  test('a pattern that does not compile is refused, naming it', () => {
    expect(problems({ high_risk_patterns: ['ok', '(oops'] })).toMatchObject([
      { path: ['high_risk_patterns', 1], message: expect.stringContaining('(oops') },
    ])
  })
})

describe('the built-in policy (PL-3, 4.3)', () => {
  test('has the full lists, so that a typo in a file opens nothing', () => {
    expect(builtInPolicy.version).toBe('1.0')
    expect(builtInPolicy.high_risk_keywords).toHaveLength(16)
    expect(builtInPolicy.high_risk_patterns).toHaveLength(7)
    expect(builtInPolicy.tools.allowlist.toSorted()).toEqual([
      ...['fetch_logs', 'run_playwright', 'run_pytest', 'run_vitest'],
    ])
  })

  test('tolerates no failure and is strict about tools', () => {
    expect(builtInPolicy.junit_pass_rule).toMatchObject({ max_failures: 0, max_errors: 0 })
    expect(builtInPolicy.fallback_rule.require_all_tools_success).toBe(true)
    expect(builtInPolicy.cost_governance).toMatchObject({ timeout_s: 300, max_retries: 3 })
    expect(builtInPolicy.ai_review.enabled).toBe(false)
  })
})
