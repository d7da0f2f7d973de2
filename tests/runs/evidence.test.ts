import { describe, expect, test } from 'vitest'
import { type Repro, reproSchema, storedEvidenceSchema } from '../../machines/run/evidence.ts'
import { type ArtifactRef, type ToolResult, toolResultSchema } from '../../machines/run/tool.ts'
import type { CollectEvidenceInput } from '../../machines/run/work.ts'
import { evidenceOf } from '../../src/runs/evidence.ts'
import { policyWith, requestOf } from './support.ts'

const run_id = crypto.randomUUID()
const collected_at = '2030-01-02T03:04:05.000Z'
const sha256 = 'a'.repeat(64)

const repro: Repro = reproSchema.parse({
  ...{ git_sha: null, git_branch: null, git_dirty: null, runtime_version: '26.0.0', platform_info: 'linux-x64' },
  ...{ deps_fingerprint: null, deps_fingerprint_algo: 'sha256', deps_source: null },
})

function resultOf(changes: object = {}): ToolResult {
  return toolResultSchema.parse({ status: 'success', started_at: collected_at, ended_at: collected_at, ...changes })
}

function runOf(tool_result: ToolResult | null, changes: Partial<CollectEvidenceInput> = {}): CollectEvidenceInput {
  const tool_request = requestOf('run_vitest', {}, { run_id })
  return {
    ...{
      run_id,
      tool_request,
      tool_result,
      policy: policyWith(),
      policy_hash: sha256,
      decision_source: 'gate_evaluator',
    },
    input: {
      ...{ nl_input: 'test everything', environment_id: null, tool_name: 'run_vitest' },
      ...{ tool_args: {}, timeout_s: 120, dry_run: false },
    },
    budget: {
      ...{ elapsed_ms_total: 5, attempts_total: 1, retries_used_total: 0 },
      ...{ short_circuited: false, short_circuit_reason: null },
    },
    ...changes,
  }
}

const evidence = (...run: Parameters<typeof runOf>) => evidenceOf(runOf(...run), { repro, collected_at })

function artifact(changes: Partial<ArtifactRef> = {}): ArtifactRef {
  const path = `${run_id}/tools/run_vitest/junit.xml`
  return { type: 'junit_xml', path, mime: 'application/xml', size: 1, sha256, metadata: {}, ...changes }
}

describe('what ran', () => {
  test('8.1: a call is told by its figures, never by what it printed', () => {
    const { tool_calls } = evidence(
      resultOf({
        ...{ status: 'failed', stdout: 'all of it', error_message: 'm'.repeat(300) },
        metrics: { duration_ms: 12, exit_code: 1, steps_total: 3, steps_passed: 1, steps_failed: 2 },
        raw_output: { failed_tests: [{ classname: 'c', name: 'n', message: 'expected 1' }] },
      }),
    )
    expect(tool_calls).toEqual([
      {
        ...{ tool_name: 'run_vitest', status: 'failed', duration_ms: 12, exit_code: 1 },
        ...{ steps_total: 3, steps_passed: 1, steps_failed: 2, error_message: 'm'.repeat(200) },
        ...{ attempts: 1, retries_used: 0, timed_out: false, blocked_by: null },
        failed_tests: [{ classname: 'c', name: 'n', message: 'expected 1' }],
      },
    ])
  })

  test.each(['policy', 'sandbox'])('8.1: a call that the %s blocked says so', (by) => {
    const blocked = resultOf({ status: 'failed', raw_output: { decision_source: `${by}_block` } })
    expect(evidence(blocked).tool_calls[0]?.blocked_by).toBe(by)
  })

  test.each(['bubblewrap', 'namespaces', 'process', 'container'])('7: it says that %s was in force', (isolation) => {
    expect(evidence(resultOf({ raw_output: { isolation } })).tool_calls[0]?.isolation).toBe(isolation)
  })

  test('7: where no sandbox was, it says nothing of one', () => {
    for (const raw_output of [null, {}, { isolation: 'a wall' }]) {
      expect(evidence(resultOf({ raw_output })).tool_calls[0]).not.toHaveProperty('isolation')
    }
  })

  test('HI-5: where nothing ran there are no calls, no artifacts and no summary', () => {
    expect(evidence(null)).toMatchObject({ tool_calls: [], artifacts: [], summary: null })
  })

  test('8.1: failed tests are bounded, and nonsense in their place is none', () => {
    const many = Array.from({ length: 80 }, () => ({ classname: 'c', name: 'n'.repeat(500), message: 'm' }))
    const bounded = evidence(resultOf({ raw_output: { failed_tests: many } })).tool_calls[0]?.failed_tests
    expect([bounded?.length, bounded?.[0]?.name.length]).toEqual([50, 200])
    expect(evidence(resultOf({ raw_output: { failed_tests: 'many' } })).tool_calls[0]?.failed_tests).toEqual([])
  })
})

describe('the summary', () => {
  const junit = { tests: 4, failures: 1, errors: 0, skipped: 1, time: 0.5, passed: 2, partial: true }

  test('EV-4: is the report’s, if it has tests', () => {
    expect(evidence(resultOf({ raw_output: { junit } })).summary).toEqual(junit)
  })

  test.each([null, { junit: { ...junit, tests: 0 } }, { junit: 'broken' }])(
    'EV-5: is what was measured with %o',
    (raw_output) => {
      const metrics = { duration_ms: 1500, steps_total: 3, steps_passed: 2, steps_failed: 1 }
      expect(evidence(resultOf({ raw_output, metrics })).summary).toEqual({
        ...{ tests: 3, failures: 1, errors: 0, skipped: 0, time: 1.5, passed: 2, partial: false },
      })
    },
  )
})

describe('artifacts', () => {
  test('8.1: are known below the root and below the run', () => {
    expect(evidence(resultOf({ artifacts: [artifact()] })).artifacts).toEqual([
      { ...artifact(), rel_path: 'tools/run_vitest/junit.xml' },
    ])
  })

  test.each([
    ...['/etc/passwd', 'C:/x', `${run_id}/../other/x`, `${run_id}/./x`, `${run_id}//x`, run_id, 'other/tools/x'],
  ])('EV-6: %s stays out', (path) => {
    expect(evidence(resultOf({ artifacts: [artifact({ path }), artifact()] })).artifacts).toHaveLength(1)
  })

  test('TC-5: without its hash one stays out', () => {
    expect(evidence(resultOf({ artifacts: [artifact({ sha256: null })] })).artifacts).toEqual([])
  })
})

test('EV-3: governance holds the real budget, limits, short circuit and what was dropped', () => {
  const budget = {
    ...{ elapsed_ms_total: 900, attempts_total: 2, retries_used_total: 1 },
    ...{ short_circuited: true, short_circuit_reason: 'budget_elapsed_exceeded' as const },
  }
  const run = runOf(resultOf({ metrics: { dropped_count: 2, dropped_bytes: 70 } }), {
    ...{ budget, decision_source: 'governance_short_circuit' },
    policy: policyWith({ cost_governance: { timeout_s: 9, max_retries: 1 } }),
  })
  expect(evidenceOf(run, { repro, collected_at }).governance).toEqual({
    budget: { elapsed_ms_total: 900, attempts_total: 2, retries_used_total: 1 },
    policy_limits: { timeout_s: 9, max_retries: 1 },
    ...{ short_circuited: true, short_circuit_reason: 'budget_elapsed_exceeded' },
    decision_source: 'governance_short_circuit',
    dropped_artifacts: { count: 2, bytes: 70 },
  })
})

test('EV-1: what does not fit the schema is thrown, not written', () => {
  expect(() => evidence(null, { policy_hash: 'none' })).toThrow('policy')
})

test('EV-2: a reader passes over fields of a later writer', () => {
  expect(storedEvidenceSchema.parse({ ...evidence(null), later: 1 })).not.toHaveProperty('later')
})
