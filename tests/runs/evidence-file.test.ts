import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { EVIDENCE_SCHEMA, type Evidence, evidenceSchema } from '../../machines/run/evidence.ts'
import { writeEvidence } from '../../src/runs/evidence-file.ts'
import { directoryWith } from './support.ts'

function evidenceWith(changes: Partial<Evidence> = {}): Evidence {
  return evidenceSchema.parse({
    ...{
      $schema: EVIDENCE_SCHEMA,
      run_id: crypto.randomUUID(),
      input_nl: 'prüfe alles',
      environment: { environment_id: null },
    },
    ...{ tool_calls: [], artifacts: [], summary: null, ai_review: null, collected_at: '2030-01-02T03:04:05Z' },
    repro: {
      ...{ git_sha: null, git_branch: null, git_dirty: null, runtime_version: null, platform_info: null },
      ...{ deps_fingerprint: null, deps_fingerprint_algo: 'sha256', deps_source: null },
    },
    governance: {
      budget: { elapsed_ms_total: 0, attempts_total: 0, retries_used_total: 0 },
      policy_limits: { timeout_s: 1, max_retries: 0 },
      ...{ short_circuited: false, short_circuit_reason: null, decision_source: null },
      dropped_artifacts: { count: 0, bytes: 0 },
    },
    policy: { version: '1.0', hash: 'a'.repeat(64) },
    ...changes,
  })
}

test('8.1: lies in the run’s directory, indented, characters as they are, with the hash of its bytes', async () => {
  const [root, evidence] = [directoryWith(), evidenceWith()]
  const written = await writeEvidence(root, evidence)
  expect(written).toMatchObject({ evidence, report_path: `${evidence.run_id}/evidence.json` })
  const bytes = readFileSync(join(root, written.report_path))
  expect(bytes.toString()).toBe(`${JSON.stringify(evidence, null, 2)}\n`)
  expect(bytes.toString()).toContain('prüfe alles')
  expect(written.evidence_sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
})

test('8.1: leaves nothing half written beside it', async () => {
  const [root, evidence] = [directoryWith(), evidenceWith()]
  await writeEvidence(root, evidence)
  await writeEvidence(root, evidence)
  expect(readdirSync(join(root, evidence.run_id))).toEqual(['evidence.json'])
})

test('8.1: is written once: a later delivery with the same facts answers what is there', async () => {
  const [root, evidence] = [directoryWith(), evidenceWith()]
  const first = await writeEvidence(root, evidence)
  const second = await writeEvidence(root, { ...evidence, collected_at: '2031-01-01T00:00:00Z' })
  expect(second).toEqual(first)
})

test('8.1: of many deliveries at once all answer the same', async () => {
  const [root, evidence] = [directoryWith(), evidenceWith()]
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, second) =>
      writeEvidence(root, { ...evidence, collected_at: `2030-01-01T00:00:${10 + second}Z` }),
    ),
  )
  expect(new Set(all.map(({ evidence_sha256 }) => evidence_sha256)).size).toBe(1)
})

test.each(['not json', '{}'])('what a tool puts in its place does not stay: %s', async (forged) => {
  const [root, evidence] = [directoryWith(), evidenceWith()]
  const { path } = place(root, evidence, forged)
  const written = await writeEvidence(root, evidence)
  expect(written.evidence).toEqual(evidence)
  expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(evidence, null, 2)}\n`)
})

test('evidence of other facts does not stay either, however well it is formed', async () => {
  const [root, evidence] = [directoryWith(), evidenceWith()]
  place(root, evidence, JSON.stringify({ ...evidence, input_nl: 'nothing to see' }))
  expect((await writeEvidence(root, evidence)).evidence.input_nl).toBe('prüfe alles')
})

test('EV-8: more than 512 KiB is a fault', async () => {
  const evidence = evidenceWith({ input_nl: 'x'.repeat(512 * 1024) })
  await expect(writeEvidence(directoryWith(), evidence)).rejects.toThrow('524288 are the limit')
})

function place(root: string, { run_id }: Evidence, text: string): { readonly path: string } {
  const path = join(root, run_id, 'evidence.json')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return { path }
}
