import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { datasetFrom } from '../../../src/runs/evals/dataset.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-dataset-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(text: string): Promise<string> {
  const path = join(folder, 'dataset.yaml')
  await writeFile(path, text)
  return path
}
const one = '{ id: a, input_nl: run, options: { tool_name: run_vitest }, expected: { decision: PASS } }'

test('EL-6: the shipped dataset has its five kinds', () => {
  const { cases } = datasetFrom(fileURLToPath(new URL('../../../src/runs/evals/golden.yaml', import.meta.url)))
  expect(cases.map(({ expected }) => expected.decision)).toEqual(['PASS', 'FAIL', 'NEED_HITL', 'NEED_HITL', 'PASS'])
})

test.each([
  ['no cases', 'version: 1\ndescription: d\ncases: []', 'cases'],
  [
    'a decision nobody makes',
    `version: 1\ndescription: d\ncases: [${one.replace('PASS', 'MAYBE')}]`,
    'cases.0.expected.decision',
  ],
  ['an unknown key', `version: 1\ndescription: d\nextra: 1\ncases: [${one}]`, 'extra'],
  ['an id twice', `version: 1\ndescription: d\ncases: [${one}, ${one}]`, 'cases: each id'],
])('%s is refused, naming the field', async (_, text, named) => {
  const path = await file(text)
  expect(() => datasetFrom(path)).toThrow(named)
})
