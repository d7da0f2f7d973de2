import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { workingDirectory } from '../../../src/runs/tools/working-directory.ts'
import { callOf, directoryWith } from '../support.ts'

const workspace_root = directoryWith({ 'packages/shop/package.json': '{}', 'tests/a.txt': '' })
const open = callOf({ host: { workspace_root }, sandboxed: false })
const fenced = callOf({ host: { workspace_root } })

test('RN-5: without one, a tool starts in the workspace', () => {
  expect(workingDirectory(open, undefined)).toBe(workspace_root)
})

test('RN-5: it resolves inside the workspace', () => {
  expect(workingDirectory(open, './packages/shop')).toBe(join(workspace_root, 'packages/shop'))
})

test.each([
  ['packages/../..', 'must not contain ".."'],
  [workspace_root, 'must be relative'],
  ['packages/none', 'must be an existing directory'],
  ['tests/a.txt', 'must be an existing directory'],
])('RN-5: "%s" is refused: it %s', (working_dir, rule) => {
  expect(() => workingDirectory(open, working_dir)).toThrow(rule)
})

test('RN-5: a link must not lead out of the workspace', () => {
  symlinkSync(directoryWith(), join(workspace_root, 'away'))
  expect(() => workingDirectory(open, 'away')).toThrow('must lie inside the workspace')
})

test('SB-3: in the sandbox it lies below an allowed path, and ".." is path traversal', () => {
  expect(workingDirectory(fenced, 'tests')).toBe(join(workspace_root, 'tests'))
  expect(() => workingDirectory(fenced, 'packages/shop')).toThrow('Sandbox blocked: "packages/shop" lies below none')
  expect(() => workingDirectory(fenced, 'tests/..')).toThrow('Sandbox blocked: path traversal')
})
