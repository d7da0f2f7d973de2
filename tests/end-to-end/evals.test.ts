/** The evals command as a person or a pipeline runs it, on the sample project. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const command = fileURLToPath(new URL('../../server/evals.ts', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-evals-'))
})
afterAll(() => rm(folder, { recursive: true }))

function evals(...args: readonly string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })
    })
  })
}

async function dataset(decision: string): Promise<readonly string[]> {
  const path = join(folder, 'dataset.yaml')
  const options = '{ tool_name: run_vitest, test_path: tests/unit/stock.test.js }'
  const cases = `[{ id: stock, input_nl: count the stock, options: ${options}, expected: { decision: ${decision} } }]`
  await writeFile(path, `version: 1\ndescription: one case\ncases: ${cases}\n`)
  return ['--dataset', path, '--output', join(folder, 'results')]
}

test('EL-3 EL-5: the first run makes the baseline, a worse one fails, a new baseline settles it', {
  timeout: 60_000,
}, async () => {
  const first = await evals(...(await dataset('PASS')))
  expect([first.code, first.out]).toEqual([0, expect.stringContaining('pass  stock  PASS')])
  const baseline = JSON.parse(await readFile(join(folder, 'results', 'baselines', 'default.json'), 'utf8'))
  expect(baseline).toMatchObject({ baseline_id: 'default', results: [{ case_id: 'stock', passed: true }] })

  const worse = await evals(...(await dataset('FAIL')), '--fail-on-regression')
  expect([worse.code, worse.out]).toEqual([1, expect.stringContaining('regressions 1')])
  expect(worse.out).toContain('decision PASS, expected FAIL')

  const settled = await evals(...(await dataset('FAIL')), '--update-baseline')
  expect(settled.code).toBe(0)
})

test('what is asked wrongly is told, with another exit code', async () => {
  expect(await evals()).toEqual({ code: 2, out: expect.stringContaining('--dataset is missing') })
  expect((await evals('--dataset', join(folder, 'nowhere.yaml'))).code).toBe(2)
})
