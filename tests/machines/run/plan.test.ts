import { describe, expect, test } from 'vitest'
import { plan } from '../../../machines/run/plan.ts'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import type { OrchestrationInput } from '../../../machines/run/schema.ts'
import { toolRequestSchema } from '../../../machines/run/tool.ts'
import { inputOf, mutatingTool, policyOf, testTool } from '../support/runs.ts'
import { INSTANCE_ID } from '../support/walk.ts'

const planned = (
  input: Partial<OrchestrationInput>,
  policy: PolicyInput = {},
  tool: Parameters<typeof plan>[0]['tool'] = testTool,
) => plan({ run_id: INSTANCE_ID, input: inputOf(input), policy: policyOf(policy), tool })

const atPlan: PolicyInput = { hitl: { stage: 'plan' } }

test('the plan copies tool, arguments, timeout and dry run of the input, under the id of the run', () => {
  const { tool_request } = planned({ tool_args: { test_path: 'tests/a' }, timeout_s: 9, dry_run: true })
  expect(tool_request).toEqual({
    ...{ tool_name: 'run_vitest', args: { test_path: 'tests/a' }, run_id: INSTANCE_ID, timeout_s: 9 },
    ...{ max_retries: 0, dry_run: true, metadata: {} },
  })
  expect(toolRequestSchema.parse(tool_request)).toEqual(tool_request)
})

test('the plan keeps what the tool is about to do, for the gate (HR-1)', () => {
  expect(planned({}, {}, mutatingTool).risk_text).toBe('cp a b')
  expect(planned({}, {}, null).risk_text).toBe('')
})

describe('who must agree, and when (HI-9)', () => {
  test('nobody to a harmless test', () => {
    expect(planned({}).needs_approval).toBeNull()
    expect(planned({}, atPlan).needs_approval).toBeNull()
  })

  test('a human after a risky test under stage gate, before it under stage plan', () => {
    const input = { nl_input: 'delete the basket' }
    expect(planned(input).needs_approval).toMatchObject({ stage: 'gate', match: 'delete' })
    expect(planned(input, atPlan).needs_approval).toMatchObject({ stage: 'plan', match: 'delete' })
  })

  test('the risk may lie in what the tool does rather than in the sentence (HR-1)', () => {
    const tool = { ...testTool, risk_text: 'psql prod' }
    expect(planned({}, atPlan, tool).needs_approval).toMatchObject({ match: 'prod' })
  })

  test('a human before any tool that changes things, risky or not', () => {
    const reason = 'run_vitest changes things outside its run'
    expect(planned({}, {}, mutatingTool).needs_approval).toEqual({ stage: 'plan', match: null, reason })
    const risky = planned({ nl_input: 'delete it' }, {}, mutatingTool).needs_approval
    expect(risky).toMatchObject({ stage: 'plan', match: 'delete', reason: expect.stringContaining('delete') })
  })

  test('nobody to a tool the allow-list stops anyway (GA-1)', () => {
    const stopped = { ...atPlan, tools: { allowlist: ['fetch_logs'] } }
    const allowed = { ...atPlan, tools: { allowlist: ['run_vitest'] } }
    expect(planned({ nl_input: 'delete it' }, stopped, mutatingTool).needs_approval).toBeNull()
    expect(planned({ nl_input: 'delete it' }, allowed, mutatingTool).needs_approval).not.toBeNull()
  })
})
