/** What changed against the baseline (EL-4). Pure. */
import { z } from 'zod'

const evalResult = z.strictObject({
  case_id: z.string(),
  run_id: z.string().nullable(),
  actual_decision: z.enum(['PASS', 'FAIL', 'NEED_HITL', 'ERROR']),
  expected_decision: z.string(),
  passed: z.boolean(),
  policy_hash: z.string().nullable(),
  git_sha: z.string().nullable(),
  evidence_path: z.string().nullable(),
  error_message: z.string().nullable(),
})
export type EvalResult = z.infer<typeof evalResult>

export const baselineSchema = z.strictObject({
  baseline_id: z.string(),
  created_at: z.iso.datetime(),
  git_sha: z.string().nullable(),
  results: z.array(evalResult),
})
export type Baseline = z.infer<typeof baselineSchema>

type Change = 'ADDED' | 'REMOVED' | 'REGRESSION' | 'IMPROVED' | 'CHANGED' | 'UNCHANGED'

export interface CaseDiff {
  readonly case_id: string
  readonly change: Change
  readonly before: EvalResult | undefined
  readonly after: EvalResult | undefined
}

export interface Diff {
  readonly cases: readonly CaseDiff[]
  readonly counters: Readonly<
    Record<'total' | 'unchanged' | 'regressions' | 'improvements' | 'added' | 'removed' | 'changed', number>
  >
}

/** Over the cases of both, by id. */
export function diffOf(before: readonly EvalResult[], after: readonly EvalResult[]): Diff {
  const [old, now] = [byId(before), byId(after)]
  const ids = [...new Set([...old.keys(), ...now.keys()])].toSorted()
  const cases = ids.map((case_id) => {
    const [was, is] = [old.get(case_id), now.get(case_id)]
    return { case_id, change: changeOf(was, is), before: was, after: is }
  })
  const counted = (change: Change) => cases.filter((one) => one.change === change).length
  return {
    cases,
    counters: {
      total: cases.length,
      unchanged: counted('UNCHANGED'),
      regressions: counted('REGRESSION'),
      improvements: counted('IMPROVED'),
      added: counted('ADDED'),
      removed: counted('REMOVED'),
      changed: counted('CHANGED'),
    },
  }
}

/** EL-5: what makes the command fail. */
export function failsOn({ cases, counters }: Diff): boolean {
  return counters.regressions > 0 || cases.some(({ change, after }) => change === 'ADDED' && after?.passed === false)
}

function changeOf(before: EvalResult | undefined, after: EvalResult | undefined): Change {
  if (before === undefined) return 'ADDED'
  if (after === undefined) return 'REMOVED'
  if (before.passed !== after.passed) return after.passed ? 'IMPROVED' : 'REGRESSION'
  return before.actual_decision === after.actual_decision ? 'UNCHANGED' : 'CHANGED'
}

function byId(results: readonly EvalResult[]): Map<string, EvalResult> {
  return new Map(results.map((result) => [result.case_id, result]))
}
