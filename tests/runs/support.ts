/** Workspaces, policies and calls for the tests of the run flow. */
import { lookup } from 'node:dns/promises'
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PolicyConfig, type PolicyInput, policySchema } from '../../machines/run/policy.ts'
import { type ToolRequest, type ToolResult, toolRequestSchema } from '../../machines/run/tool.ts'
import { isolationHere } from '../../src/runs/process/isolation.ts'
import { builtInTools } from '../../src/runs/tools/built-in-tools.ts'
import { type CallContext, ToolRegistry } from '../../src/runs/tools/registry.ts'
import { sandboxOf } from '../../src/runs/tools/sandbox.ts'
import type { ToolCall, ToolHost } from '../../src/runs/tools/tool.ts'

export const shop = fileURLToPath(new URL('../samples/shop', import.meta.url))

const scratch = join(realpathSync(tmpdir()), `runs-of-${process.pid}`)
// A worker gets no chance to clean up after itself, so each cleans up after those that are gone.
for (const name of readdirSync(dirname(scratch)).filter((name) => /^runs-of-\d+$/.test(name))) {
  if (!existsSync(`/proc/${name.slice('runs-of-'.length)}`))
    rmSync(join(dirname(scratch), name), { recursive: true, force: true })
}

/** A directory of its own, with these files in it. */
export function directoryWith(files: Readonly<Record<string, string>> = {}): string {
  const root = join(scratch, crypto.randomUUID())
  mkdirSync(root, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

export function policyWith(changes: PolicyInput = {}): PolicyConfig {
  return policySchema.parse(changes)
}

export function hostOf(changes: Partial<ToolHost> = {}): ToolHost {
  return {
    workspace_root: shop,
    artifacts_root: directoryWith(),
    python: 'python3',
    owner: 'tests',
    environment: process.env,
    now: () => new Date('2030-01-02T03:04:05Z'),
    lookup: (hostname) => lookup(hostname, { all: true }),
    isolation: isolationHere,
    ...changes,
  }
}

/** A call that a tool would be given, for the rules that are asked while preparing. */
export function callOf(
  changes: { readonly policy?: PolicyConfig; readonly host?: Partial<ToolHost>; readonly sandboxed?: boolean } = {},
): ToolCall {
  const policy = changes.policy ?? policyWith()
  const host = hostOf(changes.host)
  return {
    host,
    policy,
    sandbox: changes.sandboxed === false ? null : sandboxOf(policy),
    directory: join(host.artifacts_root, 'run/tools/tool'),
    artifact_dir: 'run/tools/tool',
    timeout_s: 60,
    ...{ run_id: crypto.randomUUID(), tenant: 't', attempt: 1 },
    effect_id: crypto.randomUUID(),
    signal: new AbortController().signal,
  }
}

export function requestOf(tool_name: string, args: object = {}, more: Partial<ToolRequest> = {}): ToolRequest {
  return toolRequestSchema.parse({ tool_name, args, run_id: crypto.randomUUID(), ...more })
}

export interface Executed {
  readonly tool: string
  readonly args?: object
  readonly policy?: PolicyInput
  readonly host?: Partial<ToolHost>
  readonly request?: Partial<ToolRequest>
  readonly context?: Partial<CallContext>
}

/** Executes one call with the built-in tools, all of them allowed. */
export async function executed({ tool, args, policy, host, request, context }: Executed): Promise<ToolResult> {
  const registry = new ToolRegistry(hostOf(host), builtInTools)
  return registry.execute(tool, requestOf(tool, args, request), policyWith(policy), contextOf(context))
}

export function contextOf(changes: Partial<CallContext> = {}): CallContext {
  return {
    effect_id: crypto.randomUUID(),
    tenant: 't',
    attempt: { number: 1, spent_ms: 0 },
    delivery: 1,
    signal: new AbortController().signal,
    log: () => {},
    would_require_approval: null,
    ...changes,
  }
}
