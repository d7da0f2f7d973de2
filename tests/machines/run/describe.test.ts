import { expect, test } from 'vitest'
import { describeRun } from '../../../machines/run/describe.ts'
import { runContextSchema } from '../../../machines/run/schema.ts'
import { aRun, policyOf, resultOf, SHA } from '../support/runs.ts'

const judged = aRun().loads(policyOf()).executes(resultOf()).collects()

test('a run is listed by its sentence, and found by owner, tool and what became of it', () => {
  expect(describeRun(judged.context)).toEqual({
    title: 'check the basket',
    attributes: {
      ...{ owner_id: 'ada', environment_id: null, tool_name: 'run_vitest', dry_run: false },
      ...{ tool_status: 'success', tool_count: 1, elapsed_ms: 1000, short_circuited: false },
      ...{ artifact_count: 0, artifacts_dropped: 0 },
      ...{ decision: 'PASS', decision_source: 'gate_evaluator', outcome: 'PASS', approval_id: null },
      ...{ policy_version: '1.0', policy_hash: SHA, error_code: null },
    },
  })
})

test('a run that has just begun has no figures rather than zeros', () => {
  expect(describeRun(aRun().context).attributes).toMatchObject({
    ...{ tool_status: null, tool_count: 0, elapsed_ms: null, decision: null, decision_source: null },
  })
})

test('a failed run is found by its error code, a long sentence by its beginning', () => {
  expect(describeRun(aRun().breaks('loadPolicy').context).attributes.error_code).toBe('POLICY_UNAVAILABLE')
  expect(describeRun(aRun({ input: { nl_input: 'x'.repeat(500) } }).context).title).toHaveLength(120)
})

test('a run short-circuited by its budget names the governance as the source of its decision (BU-4)', () => {
  const policy = policyOf({ cost_governance: { timeout_s: 1 } })
  const run = aRun()
    .loads(policy)
    .executes(resultOf({ duration_ms: 5000 }))
    .collects()
  expect(describeRun(run.context).attributes).toMatchObject({
    ...{ short_circuited: true, decision_source: 'governance_short_circuit' },
  })
})

test('whatever a run remembers fits its schema', () => {
  for (const run of [aRun(), judged, aRun().breaks('loadPolicy')]) {
    expect(runContextSchema.parse(run.context)).toEqual(run.context)
  }
})
