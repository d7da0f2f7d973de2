/**
 * Sends each case of a dataset through the real run: the same chart, policy, tools, sandbox and gate, hosted on a
 * database in memory that ends with the command. So nothing is stored as a run, and nobody is asked (EL-2); a case
 * that needs a human stops there, with NEED_HITL as its decision.
 */
import { PGlite } from '@electric-sql/pglite'
import { catalogue } from '../../../machines/index.ts'
import { normalised, type PlannerSettings } from '../../../machines/run/normalise.ts'
import { orchestrationRequestSchema, type RunContext } from '../../../machines/run/schema.ts'
import { createEngine, type Engine } from '../../engine/engine.ts'
import type { Log } from '../../engine/log.ts'
import { passingKey } from '../../ledger/keys.ts'
import { storeInPGlite } from '../../store/pglite.ts'
import { type RunSettings, runHandlers } from '../handlers.ts'
import { isSettled } from '../operations/run-views.ts'
import type { EvalCase } from './dataset.ts'
import type { EvalResult } from './diff.ts'

export interface EvalSettings {
  readonly runs: RunSettings
  readonly planner: PlannerSettings
  readonly log: Log
}

const TENANT = 'default'
const evaluator = { id: 'evals', kind: 'system', tenant: TENANT, roles: ['ADMIN'] } as const
const POLL_MS = 500

export async function evaluated(cases: readonly EvalCase[], settings: EvalSettings): Promise<EvalResult[]> {
  const pglite = await PGlite.create()
  const store = await storeInPGlite(pglite, 'evals')
  const engine = createEngine({
    ...{ store, machines: catalogue, handlers: runHandlers(settings.runs), log: settings.log },
    ...{ signer: passingKey('writer'), witness: passingKey('witness') },
  })
  await engine.open()
  try {
    const results: EvalResult[] = []
    for (const one of cases) results.push(await resultOf(one, engine, settings.planner))
    return results
  } finally {
    await engine.stop()
    await store.close()
    await pglite.close()
  }
}

/** EL-1: a case that cannot be run has the decision ERROR, and fails. */
async function resultOf(asked: EvalCase, engine: Engine, planner: PlannerSettings): Promise<EvalResult> {
  const { id: case_id, expected } = asked
  try {
    const context = await settledRun(asked, engine, planner)
    const { run_id, decision, policy_hash, evidence, report_path, error_code } = context
    const wrong = differences(asked, context)
    return {
      ...{ case_id, run_id, expected_decision: expected.decision, passed: wrong.length === 0, policy_hash },
      actual_decision: decision ?? 'ERROR',
      git_sha: evidence?.repro.git_sha ?? null,
      evidence_path: report_path,
      error_message: error_code ?? (wrong.length === 0 ? null : wrong.join('; ')),
    }
  } catch (fault) {
    const error_message = fault instanceof Error ? fault.message : String(fault)
    return {
      ...{ case_id, run_id: null, expected_decision: expected.decision, actual_decision: 'ERROR', passed: false },
      ...{ policy_hash: null, git_sha: null, evidence_path: null, error_message },
    }
  }
}

async function settledRun({ input_nl, options }: EvalCase, engine: Engine, planner: PlannerSettings) {
  const { tool_name, timeout_s, ...args } = options
  const request = orchestrationRequestSchema.parse({ nl_input: input_nl, options: { tool_name, timeout_s, args } })
  const input = normalised(request, planner)
  const { instance_id } = await engine.start({ machine: 'run', input, by: evaluator })
  const never = new AbortController().signal
  for (;;) {
    const news = engine.nextCommit(POLL_MS, never)
    const run = await engine.instance(TENANT, instance_id)
    if (run !== null && isSettled(run)) return run.context as unknown as RunContext
    await news
  }
}

/** EL-1: the decision, and every figure that is expected; others are free. */
function differences({ expected }: EvalCase, { decision, evidence }: RunContext): string[] {
  const wrong = decision === expected.decision ? [] : [`decision ${decision}, expected ${expected.decision}`]
  const summary: Readonly<Record<string, unknown>> = evidence?.summary ?? {}
  for (const [name, value] of Object.entries(expected.summary ?? {})) {
    if (summary[name] !== value) wrong.push(`summary.${name} ${summary[name] ?? 'absent'}, expected ${value}`)
  }
  return wrong
}
