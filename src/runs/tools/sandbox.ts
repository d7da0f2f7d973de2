/** What a tool's process may be (SB-1 to SB-3): checked on the finished command, before anything starts. */
import { basename, resolve } from 'node:path'
import type { PolicyConfig } from '../../../machines/run/policy.ts'
import { canonical } from '../../ledger/canonical.ts'
import { sha256 } from '../../ledger/hash.ts'
import { components, isRooted, isWithin, truePath } from './paths.ts'
import { ToolBlocked } from './tool.ts'

export type SandboxConfig = Pick<
  PolicyConfig['sandbox'],
  'timeout_s' | 'memory_limit_mb' | 'allowed_paths' | 'env_whitelist' | 'blocked_commands'
>

/** From policy values only (TR-3); null when the policy has switched the sandbox off. */
export function sandboxOf({ sandbox }: PolicyConfig): SandboxConfig | null {
  if (!sandbox.enabled) return null
  if (sandbox.mode === 'container') {
    // Never a quiet step down to a plain process (CN-1).
    throw blocked('sandbox.mode is container, which this server does not offer; it offers subprocess')
  }
  const { timeout_s, memory_limit_mb, allowed_paths, env_whitelist, blocked_commands } = sandbox
  return { timeout_s, memory_limit_mb, allowed_paths, env_whitelist, blocked_commands }
}

/** SB-2: refused wherever they stand in the command, whatever the policy lists. */
const forbidden: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'rm -rf', pattern: /\brm\s+-rf\b/i },
  { name: 'sudo', pattern: /\bsudo\b/i },
  { name: 'chmod 777', pattern: /\bchmod\s+777\b/i },
  { name: 'output to /dev', pattern: />\s*\/dev\// },
  { name: 'a pipe into a shell', pattern: /\|\s*(ba)?sh\b/i },
]

/** SB-1, SB-2. */
export function checkCommand(sandbox: SandboxConfig, [program, ...args]: readonly string[]): void {
  if (program === undefined || program === '') throw blocked('the command is empty')
  if (sandbox.blocked_commands.includes(basename(program))) throw blocked(`the command ${basename(program)} is blocked`)
  const found = forbidden.find(({ pattern }) => pattern.test([program, ...args].join(' ')))
  if (found !== undefined) throw blocked(`the command contains the pattern "${found.name}"`)
}

/** SB-3. `directory` is where a relative path starts from, somewhere in the workspace. */
export function checkPath(
  sandbox: SandboxConfig,
  path: string,
  place: { readonly directory: string; readonly workspace_root: string },
): void {
  if (path.includes('..')) throw blocked(`path traversal: "${path}" contains ".."`)
  if (components(path).length === 0) throw blocked(`"${path}" names no file or directory`)
  const rooted = isRooted(path)
  const fences = sandbox.allowed_paths
    .filter((entry) => isRooted(entry) === rooted)
    .map((entry) => resolve(place.workspace_root, entry))
  const wanted = resolve(place.directory, path)
  const isAllowed = (actual: string, open: readonly string[]) => open.some((fence) => isWithin(actual, fence))
  // As it is written, and as the links on its way make it.
  if (!isAllowed(wanted, fences) || !isAllowed(truePath(wanted), fences.map(truePath))) {
    throw blocked(`"${path}" lies below none of the allowed paths: ${sandbox.allowed_paths.join(', ') || 'none'}`)
  }
}

/** SB-9: what an audit may say of an execution: hashes of the lists, never the lists. */
export function sandboxRecord(
  { allowed_paths, env_whitelist }: Pick<SandboxConfig, 'allowed_paths' | 'env_whitelist'>,
  execution: { readonly status: 'blocked' | 'timeout' | 'completed'; readonly duration_ms: number },
) {
  return { ...execution, paths_hash: listHash(allowed_paths), env_hash: listHash(env_whitelist) }
}

function listHash(list: readonly string[]): string {
  return sha256(canonical(list.toSorted())).slice(0, 16)
}

function blocked(reason: string): ToolBlocked {
  return new ToolBlocked('sandbox', `Sandbox blocked: ${reason}`)
}
