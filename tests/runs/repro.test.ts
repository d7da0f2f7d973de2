import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reproOf } from '../../src/runs/repro.ts'
import { directoryWith } from './support.ts'

function repro(workspace_root: string, environment: NodeJS.ProcessEnv = {}) {
  const { PATH, HOME } = process.env
  const { signal } = new AbortController()
  return reproOf({
    workspace_root,
    environment: { PATH, HOME, ...environment },
    owner: 'tests',
    effect_id: 'e',
    signal,
  })
}

function repository(): { readonly root: string; readonly git: (...args: string[]) => string } {
  const root = directoryWith({ 'a.txt': 'a' })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.test', ...args], { cwd: root })
      .toString()
      .trim()
  git('init', '--quiet', '--initial-branch=trunk')
  git('add', '.')
  git('commit', '--quiet', '--message=first')
  return { root, git }
}

describe('the state of the workspace', () => {
  test('RP-1: commit, branch and whether anything changed', async () => {
    const { root, git } = repository()
    const clean = { git_sha: git('rev-parse', 'HEAD'), git_branch: 'trunk', git_dirty: false }
    expect(await repro(root)).toMatchObject(clean)
    writeFileSync(join(root, 'new.txt'), '')
    expect(await repro(root)).toMatchObject({ ...clean, git_dirty: true })
  })

  test('RP-1: what the environment says goes first', async () => {
    const named = { GITHUB_SHA: 'abc', GITHUB_REF_NAME: 'feature' }
    expect(await repro(directoryWith(), named)).toMatchObject({
      git_sha: 'abc',
      git_branch: 'feature',
      git_dirty: null,
    })
  })

  test('RP-1: a commit without a branch has none', async () => {
    const { root, git } = repository()
    git('checkout', '--quiet', '--detach')
    expect(await repro(root)).toMatchObject({ git_branch: null, git_dirty: false })
  })

  test('RP-1: without a repository, or without git, nobody can say', async () => {
    const unknown = { git_sha: null, git_branch: null, git_dirty: null }
    expect(await repro(directoryWith())).toMatchObject(unknown)
    expect(await repro(repository().root, { PATH: '/nowhere' })).toMatchObject(unknown)
  })

  test('a repository’s own programs are not started', async () => {
    const { root, git } = repository()
    git('config', 'core.fsmonitor', `touch ${join(root, '.git', 'started')}; false`)
    expect(await repro(root)).toMatchObject({ git_dirty: false })
    expect(execFileSync('ls', [join(root, '.git')]).toString()).not.toContain('started')
  })
})

describe('its dependencies', () => {
  test('RP-2: the fingerprint of the first file that says what they are', async () => {
    const root = directoryWith({ 'package.json': '{}', 'yarn.lock': 'lock', 'requirements.txt': 'x' })
    const fingerprint = createHash('sha256').update('lock').digest('hex')
    expect(await repro(root)).toMatchObject({
      ...{ deps_source: 'yarn.lock', deps_fingerprint: `sha256:${fingerprint}`, deps_fingerprint_algo: 'sha256' },
    })
  })

  test('RP-2: none, when nothing says', async () => {
    expect(await repro(directoryWith())).toMatchObject({ deps_source: null, deps_fingerprint: null })
  })
})

test('RP-3: what it ran on', async () => {
  const { platform_info, runtime_version } = await repro(directoryWith())
  expect(platform_info).toMatch(/^[a-z0-9]+-[a-z0-9]+$/)
  expect(runtime_version).toMatch(/^\d+\.\d+\.\d+$/)
})
