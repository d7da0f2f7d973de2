import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtInPolicy } from '../../machines/run/built-in-policy.ts'
import { PolicyFile } from '../../src/runs/policy-file.ts'
import { directoryWith } from './support.ts'

function fileWith(text: string): { readonly path: string; readonly file: PolicyFile } {
  const path = join(directoryWith({ 'policy.yaml': text }), 'policy.yaml')
  return { path, file: new PolicyFile({ path }) }
}

const stateOf = (text: string) => fileWith(text).file.current()

describe('where a policy comes from', () => {
  test('PL-1: the shipped file, when nobody names another', () => {
    expect(new PolicyFile().current()).toMatchObject({
      ...{ source: 'default.yaml', status: 'current', problem: null, configured: false },
    })
  })

  test('PL-1: a path goes before the variable', () => {
    const [one, other] = [fileWith('version: one').path, fileWith('version: other').path]
    expect(new PolicyFile({ path: one, variable: other }).current().policy.version).toBe('one')
    expect(new PolicyFile({ variable: other }).current().policy.version).toBe('other')
  })

  test('4.3: the shipped file holds the lists of the built-in policy', () => {
    const { policy } = new PolicyFile().current()
    expect(policy.high_risk_keywords).toEqual(builtInPolicy.high_risk_keywords)
    expect(policy.high_risk_patterns).toEqual(builtInPolicy.high_risk_patterns)
    expect(policy.tools.allowlist.toSorted()).toEqual(['fetch_logs', 'run_playwright', 'run_pytest', 'run_vitest'])
    expect(policy.tools.run_command.programs).toEqual([])
    expect(policy.ai_review).toMatchObject({ enabled: false, dimensions: ['correctness', 'safety'] })
    expect(policy.ai_review.models).toHaveLength(2)
  })
})

describe('what a file may say', () => {
  test('PL-2: nothing at all, and every field has its default', () => {
    const { policy, problem } = stateOf('# only a remark')
    expect(problem).toBeNull()
    expect(policy).toMatchObject({ version: '1.0', high_risk_keywords: [], tools: { allowlist: [] } })
  })

  test('PL-1: JSON as well', () => {
    expect(stateOf('{"version": "2.0", "tools": {"allowlist": ["run_vitest"]}}').policy.tools.allowlist).toEqual([
      'run_vitest',
    ])
  })

  test.each([
    ['1.0', '1.0'],
    ['1.10', '1.10'],
    ['"1.0"', '1.0'],
    ['2024-01', '2024-01'],
  ])('a version written %s is "%s"', (written, version) => {
    expect(stateOf(`version: ${written}`).policy.version).toBe(version)
  })

  test('PL-6: keywords are compared as they are looked for', () => {
    expect(stateOf('high_risk_keywords: [DELETE, " delete ", Ｐｒｏｄ, drop]').policy.high_risk_keywords).toEqual([
      ...['delete', 'prod', 'drop'],
    ])
  })
})

describe('what is wrong with a file is answered, never thrown (PL-3)', () => {
  test.each([
    ['tools: [', 'is not YAML'],
    ['version: a\nversion: b', 'Map keys must be unique'],
    ['a: !!js/function "x"', 'Unresolved tag'],
    ['- version', 'is not a policy'],
    ['just a text', 'is not a policy'],
    ['sandbox:\n  memory: 5\nspeed: 1', 'sandbox.memory: unknown key; speed: unknown key'],
    ['cost_governance:\n  max_retries: 11', 'cost_governance.max_retries'],
    ["high_risk_patterns: ['(']", 'high_risk_patterns.0: The pattern "(" does not compile'],
  ])('%s', (text, problem) => {
    const state = stateOf(text)
    expect(state.problem).toContain(problem)
    expect(state).toMatchObject({ status: 'fallback', source: 'built-in', configured: true, policy: builtInPolicy })
  })

  test('a file that is missing, or no file', () => {
    expect(new PolicyFile({ path: '/nowhere/p.yaml' }).current().problem).toBe(
      'Policy file p.yaml cannot be read (ENOENT)',
    )
    expect(new PolicyFile({ path: directoryWith() }).current().problem).toContain('cannot be read (EISDIR)')
  })

  test('aliases that multiply beyond reason', () => {
    const lines = [...'bcdefgh'].map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(10)}]`)
    expect(stateOf(['a: &a [x]', ...lines].join('\n')).problem).toContain('is not YAML')
  })
})

describe('reading again', () => {
  test('PL-7: a policy is read once, and a reload replaces it for those who ask later', () => {
    const { path, file } = fileWith('version: one')
    const snapshot = file.current()
    writeFileSync(path, 'version: two')
    expect(file.current()).toBe(snapshot)
    expect(file.reload().policy.version).toBe('two')
    expect(file.current().policy.version).toBe('two')
    expect(snapshot.policy.version).toBe('one')
  })

  test('PL-4: a reload that fails leaves the last good policy in force and says so', () => {
    const { path, file } = fileWith('version: good')
    file.current()
    writeFileSync(path, 'version: [')
    expect(file.reload()).toMatchObject({ status: 'stale', policy: { version: 'good' }, problem: expect.any(String) })
    expect(file.reload()).toMatchObject({ status: 'stale', policy: { version: 'good' } })
    writeFileSync(path, 'version: better')
    expect(file.reload()).toMatchObject({ status: 'current', policy: { version: 'better' }, problem: null })
  })

  test('PL-7: what was forgotten is read anew, and is equal', () => {
    const { file } = fileWith('version: same')
    const before = file.current()
    file.clear()
    expect(file.current()).toEqual(before)
    expect(file.current()).not.toBe(before)
  })
})

describe('the hash (PL-8)', () => {
  test('is of the effective policy, whatever order and remarks its file has', () => {
    const one = stateOf('version: x\ntools:\n  allowlist: [a]\n')
    const other = stateOf('# a remark\ntools: { allowlist: ["a"] }\nversion: "x"\njunit_pass_rule: { max_failures: 0 }')
    expect(one.policy_hash).toMatch(/^[0-9a-f]{64}$/)
    expect(other.policy_hash).toBe(one.policy_hash)
    expect(one.policy_meta.hash).toBe(one.policy_hash.slice(0, 16))
  })

  test('is another for another policy', () => {
    expect(stateOf('version: x').policy_hash).not.toBe(stateOf('version: y').policy_hash)
  })
})
