/**
 * `npm run evals -- --dataset file [--output folder] [--baseline-id id] [--update-baseline] [--fail-on-regression]`:
 * sends a golden dataset through the real run and compares with the baseline (§16). The exit code says whether it
 * got worse (EL-5); without `--fail-on-regression` it only tells.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { plannerDefaults } from '../machines/run/normalise.ts'
import { sha256 } from '../src/ledger/hash.ts'
import { datasetFrom, type EvalCase } from '../src/runs/evals/dataset.ts'
import { type Baseline, baselineSchema, diffOf, type EvalResult, failsOn } from '../src/runs/evals/diff.ts'
import { evaluated } from '../src/runs/evals/evaluate.ts'
import { reportOf } from '../src/runs/evals/report.ts'
import { PolicyFile } from '../src/runs/policy-file.ts'
import { createLog, engineLog } from './log.ts'
import { settingsFrom } from './settings.ts'

const BASELINE_ID = /^[\w.-]{1,100}$/

const { values } = parseArgs({
  options: {
    dataset: { type: 'string' },
    output: { type: 'string', default: 'results' },
    'baseline-id': { type: 'string', default: 'default' },
    'update-baseline': { type: 'boolean', default: false },
    'fail-on-regression': { type: 'boolean', default: false },
  },
})

process.exitCode = await main().catch((fault) => {
  process.stderr.write(`${fault instanceof Error ? fault.message : fault}\n`)
  return 2
})

async function main(): Promise<number> {
  const baseline_id = values['baseline-id']
  if (values.dataset === undefined) throw new Error('--dataset is missing: the YAML file with the cases')
  if (!BASELINE_ID.test(baseline_id))
    throw new Error(`--baseline-id: letters, digits, ".", "_" and "-", not "${baseline_id}"`)
  const { cases } = datasetFrom(values.dataset)
  const created_at = new Date().toISOString()
  const folder = join(values.output, 'runs', created_at.replaceAll(':', '-'))
  mkdirSync(folder, { recursive: true })
  const results = await resultsOf(cases, join(folder, 'artifacts'))
  written(join(folder, 'results.json'), { created_at, results })
  for (const { case_id, passed, actual_decision, error_message } of results) {
    print(
      `${passed ? 'pass' : 'FAIL'}  ${case_id}  ${actual_decision}${error_message === null ? '' : `  ${error_message}`}`,
    )
  }

  const path = join(values.output, 'baselines', `${baseline_id}.json`)
  const baseline: Baseline = { baseline_id, created_at, git_sha: results[0]?.git_sha ?? null, results }
  const allPass = results.every(({ passed }) => passed)
  if (!existsSync(path) || values['update-baseline']) {
    written(path, baseline)
    print(`The baseline is now ${path}`)
    return values['update-baseline'] || allPass ? 0 : 1
  }
  const before = baselineSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  const diff = diffOf(before.results, results)
  const report = join(folder, 'diff_report.md')
  writeFileSync(report, reportOf(diff, baseline_id))
  print(
    Object.entries(diff.counters)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  )
  print(`Report: ${report}`)
  return values['fail-on-regression'] && failsOn(diff) ? 1 : 0
}

async function resultsOf(cases: readonly EvalCase[], artifacts_root: string): Promise<EvalResult[]> {
  const settings = settingsFrom(process.env)
  return evaluated(cases, {
    planner: { ...plannerDefaults, default: { ...plannerDefaults.default, tool: settings.PLANNER_DEFAULT_TOOL } },
    log: engineLog(createLog(settings.LOG_LEVEL === 'info' ? 'error' : settings.LOG_LEVEL)),
    runs: {
      workspace_root: settings.WORKSPACE_ROOT,
      artifacts_root,
      policies: new PolicyFile({ variable: settings.POLICY_PATH }),
      python: settings.PYTHON,
      tool_concurrency: 1,
      owner: sha256(artifacts_root).slice(0, 16),
      environment: process.env,
    },
  })
}

function written(path: string, content: object): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
