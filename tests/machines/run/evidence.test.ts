import { describe, expect, test } from 'vitest'
import { type EvidenceArtifact, evidenceSchema, storedEvidenceSchema } from '../../../machines/run/evidence.ts'
import { callOf, evidenceOf, SHA } from '../support/runs.ts'

const artifact: EvidenceArtifact = {
  ...{ type: 'junit_xml', path: 'r/tools/run_vitest/junit.xml', rel_path: 'tools/run_vitest/junit.xml' },
  ...{ mime: 'application/xml', size: 12, sha256: SHA, metadata: {} },
}
const writable = (evidence: object) => evidenceSchema.safeParse(evidence).success

describe('the evidence document (8.1)', () => {
  test('is accepted with artifacts and with a tool of any name (EV-1, EV-2)', () => {
    expect(writable(evidenceOf({ artifacts: [artifact], tool_calls: [callOf({ tool_name: 'fetch_logs' })] }))).toBe(
      true,
    )
  })

  test('refuses further fields when written and passes over them when read (EV-2)', () => {
    const later = { ...evidenceOf(), verdict: 'PASS' }
    expect(writable(later)).toBe(false)
    expect(storedEvidenceSchema.parse(later)).toEqual(evidenceOf())
  })

  test('must name its schema', () => {
    const { $schema, ...rest } = evidenceOf()
    expect(writable(rest)).toBe(false)
    expect($schema).toContain('evidence.v1')
  })

  test.each(['/etc/passwd', '\\\\server\\share', 'C:/run/junit.xml', 'c:\\run'])(
    'holds no absolute path: %s (EV-6)',
    (path) => {
      expect(writable(evidenceOf({ artifacts: [{ ...artifact, path }] }))).toBe(false)
      expect(writable(evidenceOf({ artifacts: [{ ...artifact, rel_path: path }] }))).toBe(false)
    },
  )

  test('holds no artifact without its hash (TC-5)', () => {
    expect(writable(evidenceOf({ artifacts: [{ ...artifact, sha256: null as never }] }))).toBe(false)
  })

  test('cuts error messages at 200 characters', () => {
    expect(writable(evidenceOf({ tool_calls: [callOf({ error_message: 'x'.repeat(200) })] }))).toBe(true)
    expect(writable(evidenceOf({ tool_calls: [callOf({ error_message: 'x'.repeat(201) })] }))).toBe(false)
  })

  test('knows what is unknown: git may be absent, and nothing may have run', () => {
    expect(writable(evidenceOf({ summary: null, tool_calls: [] }))).toBe(true)
    expect(evidenceOf().repro.git_dirty).toBeNull()
  })
})
