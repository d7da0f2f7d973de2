import { expect, test } from 'vitest'
import type { RunContext } from '../../../machines/run/schema.ts'
import { statusFromFacts, statusOf } from '../../../machines/run/status.ts'
import { aRun, policyOf, resultOf, summaryOf } from '../support/runs.ts'

const nothing = { has_error: false, has_decision: false, has_tool_finished: false, has_tool_started: false }

test('the first fact that holds names the status: error, decision, tool finished, tool started (ST-3)', () => {
  const started = { ...nothing, has_tool_started: true }
  const finished = { ...started, has_tool_finished: true }
  const decided = { ...finished, has_decision: true }
  expect(statusFromFacts(nothing)).toBe('PENDING')
  expect(statusFromFacts(started)).toBe('RUNNING')
  expect(statusFromFacts(finished)).toBe('FINISHED')
  expect(statusFromFacts(decided)).toBe('JUDGED')
  expect(statusFromFacts({ ...decided, has_error: true })).toBe('FAILED')
})

const executing = aRun().loads(policyOf())
const risky = aRun({ input: { nl_input: 'delete it' } })
const dry = aRun({ input: { dry_run: true } })

test.each([
  ['load_policy', aRun(), 'RUNNING'],
  ['execute', executing, 'RUNNING'],
  ['awaiting_approval.plan', risky.loads(policyOf({ hitl: { stage: 'plan' } })), 'RUNNING'],
  ['collect', executing.executes(resultOf()), 'RUNNING'],
  ['awaiting_approval.gate', risky.loads(policyOf()).executes(resultOf()).collects(), 'JUDGED'],
  ['judged', executing.executes(resultOf()).collects(), 'JUDGED'],
  ['finished', dry.loads(policyOf()).executes(resultOf()).collects(), 'FINISHED'],
  ['failed', aRun().breaks('loadPolicy'), 'FAILED'],
  ['cancelled', executing.says({ type: 'run.cancelled' }).executes(resultOf()).collects(), 'CANCELLED'],
])('in %s a run has its status of the chart (1.3, ST-2)', (state, run, status) => {
  expect(run.state).toBe(state)
  expect(statusOf(run.tags)).toBe(status)
  expect(run.tags.includes('active')).toBe(status === 'RUNNING')
})

test('a run that waits for a human says so (1.3)', () => {
  expect(risky.loads(policyOf({ hitl: { stage: 'plan' } })).tags).toContain('waiting_for_human')
  expect(risky.loads(policyOf()).executes(resultOf()).collects().tags).toContain('waiting_for_human')
  expect(executing.tags).not.toContain('waiting_for_human')
})

test('tags without a status are a fault, not a guess', () => {
  expect(() => statusOf(['active'])).toThrow('active')
})

test('every finished run agrees with its facts (ST-3, INV-11)', () => {
  const policy = policyOf({ cost_governance: { timeout_s: 1 } })
  const ended = [
    executing.executes(resultOf()).collects(),
    executing.executes(resultOf()).collects(summaryOf({ failures: 1 })),
    aRun()
      .loads(policy)
      .executes(resultOf({ duration_ms: 5000 }))
      .collects(),
    risky
      .loads(policyOf({ hitl: { stage: 'plan' } }))
      .says({ type: 'approval.expired' })
      .collects(null),
    risky.loads(policyOf()).executes(resultOf()).collects().says({ type: 'approval.expired' }),
    dry.loads(policyOf()).executes(resultOf()).collects(),
    aRun().breaks('loadPolicy'),
    executing.executes(resultOf()).breaks('collectEvidence'),
  ]
  for (const run of ended) {
    expect(run.snapshot.status).toBe('done')
    expect(statusOf(run.tags)).toBe(statusFromFacts(factsOf(run.context)))
  }
})

function factsOf({ error_code, decision, tool_result, tool_request }: RunContext) {
  return {
    has_error: error_code !== null,
    has_decision: decision !== null,
    has_tool_finished: tool_result !== null,
    has_tool_started: tool_request !== null,
  }
}
