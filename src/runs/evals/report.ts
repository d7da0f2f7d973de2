/** The difference to the baseline as a page to read. */
import type { CaseDiff, Diff, EvalResult } from './diff.ts'

export function reportOf({ cases, counters }: Diff, baseline_id: string): string {
  const figures = Object.entries(counters).map(([name, count]) => `| ${name} | ${count} |`)
  const rows = cases.map(({ case_id, change, before, after }) => {
    const expected = (after ?? before)?.expected_decision
    return `| ${case_id} | ${change} | ${shown(before)} | ${shown(after)} | ${expected} | ${reasonOf({ after })} |`
  })
  return [
    `# Evals against the baseline "${baseline_id}"`,
    '',
    '| | cases |',
    '|---|---|',
    ...figures,
    '',
    '| case | change | before | now | expected | why it fails |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function shown(result: EvalResult | undefined): string {
  if (result === undefined) return '–'
  return `${result.actual_decision} ${result.passed ? 'passes' : 'fails'}`
}

function reasonOf({ after }: Pick<CaseDiff, 'after'>): string {
  return (after?.error_message ?? '').replaceAll(/[|\n]/g, ' ')
}
