import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nothingSpent, spent } from '../../machines/run/budget.ts'
import { loadedPolicySchema } from '../../machines/run/policy.ts'
import type { OrchestrationInput, Plan } from '../../machines/run/schema.ts'
import { collectedSchema, gateResultSchema, planSchema } from '../../machines/run/schema.ts'
import { toolResultSchema } from '../../machines/run/tool.ts'
import { type HandlerContext, type Handlers, Terminal } from '../../src/engine/types.ts'
import { runHandlers } from '../../src/runs/handlers.ts'
import { PolicyFile } from '../../src/runs/policy-file.ts'
import { directoryWith, shop } from './support.ts'

function flow(policy?: string, python = 'python3') {
  const artifacts_root = directoryWith()
  const policies =
    policy === undefined
      ? new PolicyFile()
      : new PolicyFile({ path: join(directoryWith({ 'p.yaml': policy }), 'p.yaml') })
  const handlers = runHandlers({
    ...{ workspace_root: shop, artifacts_root, policies, python, tool_concurrency: 2, owner: 'tests' },
  })
  return { handlers, artifacts_root, policies, signal: new AbortController().signal }
}

/** Asks a handler as the engine does. */
async function ask(
  handlers: Handlers,
  source: string,
  input: unknown,
  context: Partial<HandlerContext> = {},
  // biome-ignore lint/suspicious/noExplicitAny: each handler has its own output
): Promise<any> {
  const handler = handlers[source]
  if (handler === undefined || handler.kind === 'remote') throw new Error(`Nobody here does ${source}`)
  if (handler.kind === 'inline') return handler.run(input as never)
  return handler.run(input as never, {
    ...{ effect_id: crypto.randomUUID(), instance_id: 'i', tenant: 't', attempt: 1, delivery: 1, log: () => {} },
    signal: new AbortController().signal,
    ...context,
  })
}

const wish: OrchestrationInput = {
  ...{ nl_input: 'test the shop', environment_id: null, tool_name: 'run_vitest' },
  ...{ tool_args: { test_path: 'tests' }, timeout_s: 120, dry_run: false },
}

/** The straight path of a run, as its machine goes it. */
async function straight({ handlers }: ReturnType<typeof flow>, changes: Partial<OrchestrationInput> = {}) {
  const run_id = crypto.randomUUID()
  const input = { ...wish, ...changes }
  const { policy, policy_hash } = loadedPolicySchema.parse(await ask(handlers, 'run.loadPolicy', {}))
  const plan: Plan = planSchema.parse(await ask(handlers, 'run.planTool', { run_id, input, policy }))
  const { tool_request, risk_text, needs_approval } = plan
  const tool_result = toolResultSchema.parse(
    await ask(handlers, 'run.executeTool', { run_id, tool_request, policy, would_require_approval: needs_approval }),
  )
  const { budget } = await ask(handlers, 'run.enforceBudget', {
    budget: spent(nothingSpent, tool_result.metrics),
    policy,
  })
  const collected = collectedSchema.parse(
    await ask(handlers, 'run.collectEvidence', {
      ...{ run_id, input, policy, policy_hash, tool_request, tool_result, budget, decision_source: 'gate_evaluator' },
    }),
  )
  const { evidence } = collected
  const gate = gateResultSchema.parse(
    await ask(handlers, 'run.evaluateGate', { evidence, policy, risk_text, approved_match: null }),
  )
  return { plan, tool_result, collected, gate }
}

describe('the straight path', () => {
  test('D35: the default run of a fresh installation passes', async () => {
    const run = flow()
    const { collected, gate } = await straight(run)
    expect(gate).toMatchObject({ decision: 'PASS', triggered_rules: ['junit_all_passed'] })
    expect(collected.evidence).toMatchObject({
      summary: { tests: 17, passed: 17 },
      tool_calls: [{ tool_name: 'run_vitest', status: 'success', attempts: 1 }],
      repro: { deps_source: 'package.json' },
    })
    const file = await readFile(join(run.artifacts_root, collected.report_path), 'utf8')
    expect(JSON.parse(file)).toEqual(collected.evidence)
    // INV-7.
    expect(file).not.toContain(shop)
    expect(file).not.toContain(run.artifacts_root)
  })

  test('red tests fail the run, and its evidence names them', async () => {
    const { collected, gate } = await straight(flow(), { tool_args: { test_path: 'test/broken' } })
    expect(gate).toMatchObject({ decision: 'FAIL', triggered_rules: ['junit_has_failures'] })
    expect(collected.evidence.tool_calls[0]?.failed_tests.map(({ name }) => name)).toEqual([
      'shipping is free for everybody',
      'vouchers are written in any case',
    ])
  })

  test('GA-1: a tool outside the allow-list is blocked, and the run fails', async () => {
    const { tool_result, gate } = await straight(flow(), { tool_name: 'run_command', tool_args: { program: 'ls' } })
    expect(tool_result.raw_output).toEqual({ decision_source: 'policy_block' })
    expect(gate).toMatchObject({ decision: 'FAIL', triggered_rules: ['policy_blocked'] })
  })

  test('GV-6: a tool nobody registered is a failed call', async () => {
    const { plan, tool_result } = await straight(flow('version: "1"'), { tool_name: 'run_magic' })
    expect(plan.risk_text).toBe('')
    expect(tool_result).toMatchObject({
      ...{ status: 'failed', error_message: 'Tool not found: run_magic', stderr: 'Tool not found: run_magic' },
      metrics: { attempts: 1 },
    })
  })

  test('GV-5, INV-6: a fault is tried again as the policy says, and every attempt is counted', async () => {
    const run = flow('cost_governance: { max_retries: 2 }', '/no/such/python')
    const { tool_result, collected, plan } = await straight(run, { tool_name: 'run_pytest' })
    expect(tool_result.metrics).toMatchObject({ attempts: 3, retries_used: 2 })
    expect(plan.tool_request.max_retries).toBe(0)
    expect(collected.evidence).toMatchObject({
      tool_calls: [{ attempts: 3, retries_used: 2 }],
      governance: { budget: { attempts_total: 3, retries_used_total: 2 }, policy_limits: { max_retries: 2 } },
    })
  })

  test('HI-9: a request that reads asks nobody, one that changes something does', async () => {
    const { handlers, policies } = flow('version: "1"')
    const { policy } = policies.current()
    const needOf = async (method: string) => {
      const input = { ...wish, tool_name: 'http_request', tool_args: { method, url: 'http://shop.test/' } }
      const plan = await ask(handlers, 'run.planTool', { run_id: crypto.randomUUID(), input, policy })
      return plan.needs_approval?.stage ?? null
    }
    expect([await needOf('GET'), await needOf('POST')]).toEqual([null, 'plan'])
  })

  test('NO-2: logs are fetched only where there is somebody to ask who may see them', async () => {
    const { tool_result } = await straight(flow('version: "1"'), { tool_name: 'fetch_logs', tool_args: {} })
    expect(tool_result.error_message).toBe('Tool not found: fetch_logs')
  })

  test('HI-9: a command asks first, with what it is about to do as its risk', async () => {
    const { handlers, policies } = flow('tools: { run_command: { programs: [git] } }')
    const input = { ...wish, tool_name: 'run_command', tool_args: { program: 'git', args: ['push', 'production'] } }
    const { policy } = policies.current()
    expect(await ask(handlers, 'run.planTool', { run_id: crypto.randomUUID(), input, policy })).toMatchObject({
      risk_text: 'git push production',
      needs_approval: { stage: 'plan' },
    })
  })
})

describe('the policy (ST-4)', () => {
  test('a configured file that cannot be used ends the run, for good', async () => {
    const { handlers } = flow('version: [')
    await expect(ask(handlers, 'run.loadPolicy', {})).rejects.toThrow(Terminal)
  })

  test('a run takes its snapshot', async () => {
    const { handlers, policies } = flow('version: one')
    const snapshot = await ask(handlers, 'run.loadPolicy', {})
    policies.reload()
    expect(snapshot).toMatchObject({ policy: { version: 'one' }, source: 'p.yaml' })
  })
})

test('D36: tools run as many at once as was set, and never get a second attempt from the engine', () => {
  expect(flow().handlers['run.executeTool']).toMatchObject({ concurrency: 2, retry: { max_attempts: 1 } })
})

test('evidence asked for by a server that is stopping is left to the next', async () => {
  const { handlers, policies } = flow()
  const { policy, policy_hash } = policies.current()
  const run_id = crypto.randomUUID()
  const plan = await ask(handlers, 'run.planTool', { run_id, input: wish, policy })
  const input = {
    ...{ run_id, input: wish, policy, policy_hash, tool_request: plan.tool_request, tool_result: null },
    ...{ budget: nothingSpent, decision_source: null },
  }
  const stopping = ask(handlers, 'run.collectEvidence', input, { signal: AbortSignal.abort('stopping') })
  await expect(stopping).rejects.toBe('stopping')
})
