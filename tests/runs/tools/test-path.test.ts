import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testPath } from '../../../src/runs/tools/test-path.ts'
import { callOf, directoryWith, policyWith } from '../support.ts'

const workspace_root = directoryWith({ 'tests/a.test.js': '', 'src/a.test.js': '' })

function path(text: string, language: 'javascript' | 'python' = 'javascript', allowed_paths?: string[]): string {
  const policy = policyWith(allowed_paths === undefined ? {} : { sandbox: { allowed_paths } })
  return testPath(callOf({ policy, host: { workspace_root } }), text, { directory: workspace_root, language })
}

test.each(['tests', 'test', 'tests/unit/a.test.js', 'tests/does-not-exist', './tests'])(
  'RN-1: %s may be run',
  (text) => {
    expect(path(text)).toBe(text.replace('./', ''))
  },
)

test.each([
  ['src/a.test.js', 'begin with tests/ or test/'],
  ['Tests/a', 'begin with tests/ or test/'],
  ['testsuite/a', 'begin with tests/ or test/'],
  ['', 'begin with tests/ or test/'],
  ['artifacts/a.test.js', 'begin with tests/ or test/'],
  ['tests/../src', 'must not contain ".."'],
  ['tests/a..b', 'must not contain ".."'],
  ['tests\\a', 'must not contain a backslash'],
  ['/tests/a', 'must be relative'],
  ['C:/tests/a', 'must be relative'],
  ['--config=evil.test.js', 'must not look like an option'],
])('RN-1: "%s" may not: it %s', (text, rule) => {
  expect(() => path(text)).toThrow(`Invalid test_path: `)
  expect(() => path(text)).toThrow(rule)
})

test('RN-1: one test file at the top may be run, by the rules of its language', () => {
  expect(path('cart.test.ts')).toBe('cart.test.ts')
  expect(path('cart.spec.js')).toBe('cart.spec.js')
  expect(path('test_cart.py', 'python')).toBe('test_cart.py')
  expect(() => path('test_cart.py')).toThrow('*.test.* or *.spec.*')
  expect(() => path('cart.test.ts', 'python')).toThrow('test_*.py')
  expect(() => path('src/test_cart.py', 'python')).toThrow('test_*.py')
})

test('RN-1: a test inside a file may be named', () => {
  expect(path('tests/test_a.py::TestA::test_b', 'python')).toBe('tests/test_a.py::TestA::test_b')
  expect(path('test_a.py::test_b', 'python')).toBe('test_a.py::test_b')
})

test('RN-1: a policy may open another directory, but never the artifacts', () => {
  expect(path('src/a.test.js', 'javascript', ['src/'])).toBe('src/a.test.js')
  expect(() => path('src2/a.test.js', 'javascript', ['src/'])).toThrow('Invalid test_path')
  expect(() => path('artifacts/a.test.js', 'javascript', ['artifacts/', './artifacts'])).toThrow('Invalid test_path')
})

test('RN-1: a link must not lead out of the workspace', () => {
  symlinkSync(directoryWith({ 'a.test.js': '' }), join(workspace_root, 'tests/outside'))
  symlinkSync(join(workspace_root, 'src'), join(workspace_root, 'tests/inside'))
  expect(() => path('tests/outside/a.test.js')).toThrow('must lie inside the workspace')
  expect(path('tests/inside/a.test.js')).toBe('tests/inside/a.test.js')
})
