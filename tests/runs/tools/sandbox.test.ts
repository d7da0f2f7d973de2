import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  checkCommand,
  checkPath,
  type SandboxConfig,
  sandboxOf,
  sandboxRecord,
} from '../../../src/runs/tools/sandbox.ts'
import { directoryWith, policyWith } from '../support.ts'

function sandbox(changes: Partial<SandboxConfig> = {}): SandboxConfig {
  const config = sandboxOf(policyWith())
  if (config === null) throw new Error('The sandbox is on by default')
  return { ...config, ...changes }
}

describe('commands', () => {
  test('SB-1: nothing to start is blocked', () => {
    expect(() => checkCommand(sandbox(), [])).toThrow('Sandbox blocked: the command is empty')
    expect(() => checkCommand(sandbox(), ['', 'x'])).toThrow('Sandbox blocked: the command is empty')
  })

  test.each(['rm', '/bin/rm', '../rm'])('SB-1: %s is known by its base name', (program) => {
    expect(() => checkCommand(sandbox(), [program, 'x'])).toThrow('the command rm is blocked')
  })

  test.each(['RM', 'rmdir', 'farm', 'node'])('SB-1: %s is another program', (program) => {
    expect(() => checkCommand(sandbox(), [program])).not.toThrow()
  })

  test.each([
    ['rm -rf', ['env', 'rm', '-rf', 'x']],
    ['rm -rf', ['bash', '-c', 'RM   -rf x']],
    ['sudo', ['env', 'sudo', 'x']],
    ['chmod 777', ['env', 'chmod 777', 'x']],
    ['output to /dev', ['bash', '-c', 'echo > /dev/sda']],
    ['a pipe into a shell', ['bash', '-c', 'get x | bash']],
    ['a pipe into a shell', ['bash', '-c', 'get x |sh']],
  ])('SB-2: the pattern "%s" is blocked, whatever the policy lists', (name, argv) => {
    expect(() => checkCommand(sandbox({ blocked_commands: [] }), argv)).toThrow(`the pattern "${name}"`)
  })

  test.each([['pseudo'], ['form', '-rf'], ['echo', 'a || shutdown'], ['chmod', '7770']])(
    'SB-2: "%s %s" contains none of the patterns',
    (...argv) => {
      expect(() => checkCommand(sandbox({ blocked_commands: [] }), argv)).not.toThrow()
    },
  )
})

describe('paths', () => {
  const workspace_root = directoryWith({ 'tests/unit/a.txt': '', 'src/a.txt': '' })
  const check = (path: string, allowed_paths = ['tests/unit', '/opt/data'], directory = workspace_root) =>
    checkPath(sandbox({ allowed_paths }), path, { directory, workspace_root })

  test.each(['tests/unit', 'tests/unit/a.txt', './tests/unit/new.txt', '/opt/data/x'])(
    'SB-3: %s is allowed',
    (path) => {
      expect(() => check(path)).not.toThrow()
    },
  )

  test.each(['tests', 'tests/unitary/a', 'src/a.txt', '/opt/database', '/etc/passwd'])(
    'SB-3: %s lies below no entry',
    (path) => {
      expect(() => check(path)).toThrow('lies below none of the allowed paths')
    },
  )

  test('SB-3: an absolute path needs an absolute entry, even into the workspace', () => {
    expect(() => check(join(workspace_root, 'tests/unit/a.txt'))).toThrow('lies below none')
    expect(() => check(join(workspace_root, 'tests/unit/a.txt'), [workspace_root])).not.toThrow()
  })

  test.each(['..', 'tests/unit/../../src', 'tests/unit/..a'])('SB-3: %s is taken for path traversal', (path) => {
    expect(() => check(path)).toThrow('path traversal')
  })

  test.each(['', '.', './', '/'])('SB-3: "%s" has no components', (path) => {
    expect(() => check(path)).toThrow('names no file or directory')
  })

  test('SB-3: a path starts from the working directory, an entry from the workspace', () => {
    expect(() => check('a.txt', ['tests/unit'], join(workspace_root, 'tests/unit'))).not.toThrow()
    expect(() => check('tests/unit/a.txt', ['tests/unit'], join(workspace_root, 'src'))).toThrow('lies below none')
  })

  test('SB-3: a link leads where it leads, also in the middle of a path that does not exist yet', () => {
    mkdirSync(join(workspace_root, 'tests/unit/links'))
    symlinkSync(join(workspace_root, 'src'), join(workspace_root, 'tests/unit/links/away'))
    expect(() => check('tests/unit/links/away/a.txt')).toThrow('lies below none')
    expect(() => check('tests/unit/links/away/new/file.txt')).toThrow('lies below none')
    symlinkSync(join(workspace_root, 'tests/unit'), join(workspace_root, 'tests/unit/links/back'))
    expect(() => check('tests/unit/links/back/a.txt')).not.toThrow()
  })
})

test('TR-3: a sandbox that is switched off hands nothing over', () => {
  expect(sandboxOf(policyWith({ sandbox: { enabled: false } }))).toBeNull()
})

test('CN-1: container mode is never quietly a plain process', () => {
  expect(() => sandboxOf(policyWith({ sandbox: { mode: 'container' } }))).toThrow('sandbox.mode is container')
})

test('SB-9: an audit is told hashes of the lists, the same in whatever order they are written', () => {
  const execution = { status: 'completed', duration_ms: 5 } as const
  const record = sandboxRecord({ allowed_paths: ['a', 'b'], env_whitelist: ['X'] }, execution)
  expect(record).toEqual(sandboxRecord({ allowed_paths: ['b', 'a'], env_whitelist: ['X'] }, execution))
  expect(record).toMatchObject({
    status: 'completed',
    duration_ms: 5,
    paths_hash: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
})
