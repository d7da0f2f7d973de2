/** What changed from one run to another: tests, time, decision, and what may explain it. Pure. */
import { z } from 'zod'
import type { FailedTest } from '../../machines/run/evidence.ts'
import { decisionSchema, outcomeSchema, type RunContext } from '../../machines/run/schema.ts'

const figure = z.object({
  before: z.number().nullable(),
  after: z.number().nullable(),
  change: z.number().nullable().meta({ description: 'Null when one of the two is not known' }),
})
const changeOf = <Value extends z.ZodType>(value: Value) =>
  z.object({ before: value.nullable(), after: value.nullable(), changed: z.boolean() })

export const comparison = z.object({
  before: z.uuid(),
  after: z.uuid(),
  decision: changeOf(decisionSchema),
  outcome: changeOf(outcomeSchema),
  reason: changeOf(z.string()),
  tests: z.object({
    tests: figure,
    passed: figure,
    failures: figure,
    errors: figure,
    skipped: figure,
    newly_failing: z.array(z.string()),
    no_longer_failing: z.array(z.string()),
    still_failing: z.array(z.string()),
    /** A report names only so many failing tests. */
    names_complete: z.boolean(),
  }),
  elapsed_ms: figure,
  tool_name: changeOf(z.string()),
  policy_hash: changeOf(z.string()),
  git_sha: changeOf(z.string()),
  deps_fingerprint: changeOf(z.string()),
})
export type Comparison = z.input<typeof comparison>

export function compared(before: RunContext, after: RunContext): Comparison {
  const change = <Value>(of: (run: RunContext) => Value | null | undefined) => {
    const [was, is] = [of(before) ?? null, of(after) ?? null]
    return { before: was, after: is, changed: was !== is }
  }
  const figureOf = (of: (run: RunContext) => number | null | undefined) => {
    const [was, is] = [of(before) ?? null, of(after) ?? null]
    return { before: was, after: is, change: was === null || is === null ? null : is - was }
  }
  const [failed, failing] = [namesOf(before), namesOf(after)]
  return {
    before: before.run_id,
    after: after.run_id,
    decision: change(({ decision }) => decision),
    outcome: change(({ outcome }) => outcome),
    reason: change(({ reason }) => reason),
    tests: {
      tests: figureOf(({ evidence }) => evidence?.summary?.tests),
      passed: figureOf(({ evidence }) => evidence?.summary?.passed),
      failures: figureOf(({ evidence }) => evidence?.summary?.failures),
      errors: figureOf(({ evidence }) => evidence?.summary?.errors),
      skipped: figureOf(({ evidence }) => evidence?.summary?.skipped),
      newly_failing: [...failing].filter((name) => !failed.has(name)).toSorted(),
      no_longer_failing: [...failed].filter((name) => !failing.has(name)).toSorted(),
      still_failing: [...failing].filter((name) => failed.has(name)).toSorted(),
      names_complete: namesAll(before) && namesAll(after),
    },
    elapsed_ms: figureOf(({ tool_result, budget }) => (tool_result === null ? null : budget.elapsed_ms_total)),
    tool_name: change(({ input }) => input.tool_name),
    policy_hash: change(({ policy_hash }) => policy_hash),
    git_sha: change(({ evidence }) => evidence?.repro.git_sha),
    deps_fingerprint: change(({ evidence }) => evidence?.repro.deps_fingerprint),
  }
}

function failedTests({ evidence }: RunContext): readonly FailedTest[] {
  return evidence?.tool_calls.flatMap(({ failed_tests }) => failed_tests) ?? []
}

function namesOf(run: RunContext): Set<string> {
  return new Set(failedTests(run).map(({ classname, name }) => `${classname} › ${name}`))
}

function namesAll(run: RunContext): boolean {
  const steps = run.evidence?.tool_calls.reduce((sum, { steps_failed }) => sum + steps_failed, 0) ?? 0
  return failedTests(run).length >= steps
}
