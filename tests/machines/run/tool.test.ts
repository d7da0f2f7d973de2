import { describe, expect, test } from 'vitest'
import { blockedBy, toolMetricsSchema, toolRequestSchema, toolResultSchema } from '../../../machines/run/tool.ts'
import { resultOf } from '../support/runs.ts'
import { INSTANCE_ID } from '../support/walk.ts'

describe('the contract with tools (5.1)', () => {
  test('a request has a default for all but tool and run', () => {
    expect(toolRequestSchema.parse({ tool_name: 'run_vitest', run_id: INSTANCE_ID })).toEqual({
      ...{ tool_name: 'run_vitest', args: {}, run_id: INSTANCE_ID, timeout_s: 120, max_retries: 0 },
      ...{ dry_run: false, metadata: {} },
    })
  })

  test('a request allows up to 10 retries and 3600 seconds', () => {
    const request = { tool_name: 'run_vitest', run_id: INSTANCE_ID }
    expect(toolRequestSchema.safeParse({ ...request, max_retries: 10, timeout_s: 3600 }).success).toBe(true)
    expect(toolRequestSchema.safeParse({ ...request, max_retries: 11 }).success).toBe(false)
    expect(toolRequestSchema.safeParse({ ...request, timeout_s: 3601 }).success).toBe(false)
  })

  test('neither request nor result carries keys nobody knows', () => {
    const request = { tool_name: 'run_vitest', run_id: INSTANCE_ID, priority: 1 }
    expect(toolRequestSchema.safeParse(request).success).toBe(false)
    expect(toolResultSchema.safeParse({ ...resultOf(), verdict: 'PASS' }).success).toBe(false)
  })

  test('metrics are zeros by default and may hold more (TC-3)', () => {
    expect(toolMetricsSchema.parse({ http_status: 200 })).toEqual({
      ...{ duration_ms: 0, exit_code: null, steps_total: 0, steps_passed: 0, steps_failed: 0 },
      ...{ retries: 0, attempts: 1, retries_used: 0, timed_out: false, http_status: 200 },
    })
    expect(toolMetricsSchema.safeParse({ attempts: 0 }).success).toBe(false)
  })
})

test('who blocked a tool is read from its raw output (TR-3, SB-7)', () => {
  const from = (decision_source: string) => blockedBy(resultOf({ raw_output: { decision_source } }))
  expect(from('policy_block')).toBe('policy')
  expect(from('sandbox_block')).toBe('sandbox')
  expect(from('something else')).toBeNull()
  expect(blockedBy(resultOf())).toBeNull()
})
