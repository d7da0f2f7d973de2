/** What somebody needs to know to run the same again: the state of the workspace under test (RP-1 to RP-3). */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Repro } from '../../machines/run/evidence.ts'
import { cleanEnvironment } from './process/environment.ts'
import { runProcess } from './process/run-process.ts'

const GIT_TIMEOUT_MS = 5000

/** The first that exists says which dependencies the workspace has. */
const dependencyFiles = [
  ...['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'package.json', 'pyproject.toml', 'requirements.txt'],
]

export interface Workspace {
  readonly workspace_root: string
  readonly environment: NodeJS.ProcessEnv
  readonly owner: string
  readonly effect_id: string
  readonly signal: AbortSignal
}

export async function reproOf(workspace: Workspace): Promise<Repro> {
  const { environment } = workspace
  const status = await git(workspace, ['status', '--porcelain'])
  return {
    git_sha: environment.GITHUB_SHA || (await git(workspace, ['rev-parse', 'HEAD'])) || null,
    git_branch: environment.GITHUB_REF_NAME || (await git(workspace, ['branch', '--show-current'])) || null,
    // Null is not false: nobody could say.
    git_dirty: status === null ? null : status !== '',
    runtime_version: process.versions.node,
    platform_info: `${process.platform}-${process.arch}`.toLowerCase(),
    ...(await dependencies(workspace.workspace_root)),
  }
}

/** What git says, or null when it says nothing: no git, no repository, too slow. */
async function git(workspace: Workspace, args: readonly string[]): Promise<string | null> {
  const said = await runProcess({
    program: 'git',
    // A repository may name a program to ask about changed files; it is not asked. Nor is the index written.
    args: ['--no-optional-locks', '-c', 'core.fsmonitor=false', ...args],
    cwd: workspace.workspace_root,
    env: cleanEnvironment(workspace.environment, ['PATH', 'HOME', 'LANG', 'LC_*']),
    stdin: null,
    timeout_ms: GIT_TIMEOUT_MS,
    owner: workspace.owner,
    effect_id: workspace.effect_id,
    signal: workspace.signal,
  })
  return said.exit_code === 0 ? said.stdout.text.trim() : null
}

async function dependencies(
  root: string,
): Promise<Pick<Repro, 'deps_fingerprint' | 'deps_fingerprint_algo' | 'deps_source'>> {
  const deps_source = dependencyFiles.find((name) => existsSync(join(root, name))) ?? null
  if (deps_source === null) return { deps_fingerprint: null, deps_fingerprint_algo: 'sha256', deps_source }
  const digest = createHash('sha256')
  await pipeline(createReadStream(join(root, deps_source)), digest)
  return { deps_fingerprint: `sha256:${digest.digest('hex')}`, deps_fingerprint_algo: 'sha256', deps_source }
}
