/** The work of a run: what the machine's invoked actors really do. */
import { lookup } from 'node:dns/promises'
import { resolve } from 'node:path'
import { enforceBudget } from '../../machines/run/budget.ts'
import { evaluateGate } from '../../machines/run/gate.ts'
import { plan } from '../../machines/run/plan.ts'
import type { LoadedPolicy } from '../../machines/run/policy.ts'
import type { Collected } from '../../machines/run/schema.ts'
import { type ToolResult, toolResultSchema } from '../../machines/run/tool.ts'
import type { CollectEvidenceInput, ExecuteToolInput, PlanToolInput } from '../../machines/run/work.ts'
import { type HandlerContext, type Handlers, Terminal } from '../engine/types.ts'
import { artifactIn, evidenceOf } from './evidence.ts'
import { writeEvidence } from './evidence-file.ts'
import type { PolicyFile } from './policy-file.ts'
import { isolationHere } from './process/isolation.ts'
import { reproOf } from './repro.ts'
import { builtInTools } from './tools/built-in-tools.ts'
import { fetchLogs } from './tools/fetch-logs.ts'
import { ToolRegistry } from './tools/registry.ts'
import { executeWithRetries } from './tools/retries.ts'
import type { RunRecords } from './tools/run-records.ts'
import { type ToolHost, ToolNotFoundError } from './tools/tool.ts'

export interface RunSettings {
  readonly workspace_root: string
  readonly artifacts_root: string
  readonly policies: PolicyFile
  /** The Python interpreter. */
  readonly python: string
  /** How many tools run at once; the rest wait (D36). */
  readonly tool_concurrency: number
  /** The installation, so that servers on other data leave its processes alone. */
  readonly owner: string
  /** Other runs, for those who may see them; without it nobody fetches their logs. */
  readonly records?: RunRecords
  /** What a tool's environment is picked from. */
  readonly environment?: NodeJS.ProcessEnv
  readonly now?: () => Date
}

export function runHandlers(settings: RunSettings): Handlers {
  const { policies, tool_concurrency, records } = settings
  const host: ToolHost = {
    environment: process.env,
    now: () => new Date(),
    lookup: (hostname) => lookup(hostname, { all: true }),
    isolation: isolationHere,
    ...settings,
    workspace_root: resolve(settings.workspace_root),
    artifacts_root: resolve(settings.artifacts_root),
  }
  const registry = new ToolRegistry(host, records === undefined ? builtInTools : [...builtInTools, fetchLogs(records)])
  return {
    'run.loadPolicy': { kind: 'durable', run: async () => loadPolicy(policies) },
    'run.planTool': { kind: 'inline', run: (input: PlanToolInput) => planTool(registry, input) },
    'run.executeTool': {
      kind: 'durable',
      run: (input: ExecuteToolInput, context: HandlerContext) => executeTool(registry, host, input, context),
      concurrency: tool_concurrency,
      // A second attempt is the policy's to grant, never the engine's.
      retry: { max_attempts: 1, backoff_ms: 0, factor: 1, max_backoff_ms: 0 },
    },
    'run.enforceBudget': { kind: 'inline', run: enforceBudget },
    'run.collectEvidence': {
      kind: 'durable',
      run: (input: CollectEvidenceInput, context: HandlerContext) => collectEvidence(host, input, context),
    },
    'run.evaluateGate': { kind: 'inline', run: evaluateGate },
  }
}

/** Never goes on under other rules than those that were asked for (ST-4). */
function loadPolicy(policies: PolicyFile): LoadedPolicy {
  const { policy, policy_meta, policy_hash, source, status, problem, configured } = policies.current()
  if (configured && status === 'fallback') throw new Terminal(problem ?? 'The configured policy cannot be used')
  return { policy, policy_meta, policy_hash, source }
}

function planTool(registry: ToolRegistry, input: PlanToolInput) {
  return plan({ ...input, tool: registry.facts(input.input.tool_name, input.input.tool_args) })
}

async function executeTool(
  registry: ToolRegistry,
  host: ToolHost,
  { tool_request, policy, would_require_approval }: ExecuteToolInput,
  { effect_id, tenant, delivery, signal, log }: HandlerContext,
): Promise<ToolResult> {
  const context = { effect_id, tenant, delivery, signal, log, would_require_approval }
  try {
    return await executeWithRetries({ registry, artifacts_root: host.artifacts_root }, tool_request, policy, context)
  } catch (fault) {
    if (!(fault instanceof ToolNotFoundError)) throw fault
    // GV-6.
    const at = host.now().toISOString()
    const told = { error_message: fault.message, stderr: fault.message }
    return toolResultSchema.parse({ status: 'failed', ...told, started_at: at, ended_at: at })
  }
}

async function collectEvidence(
  host: ToolHost,
  input: CollectEvidenceInput,
  context: HandlerContext,
): Promise<Collected> {
  const { effect_id, signal, log } = context
  const repro = await reproOf({ ...host, effect_id, signal })
  // What was asked while stopping has no answers worth writing down; the next delivery asks again.
  signal.throwIfAborted()
  for (const ref of input.tool_result?.artifacts ?? []) {
    if (artifactIn(input.run_id, ref) === null) log('An artifact was left out of the evidence', { path: ref.path })
  }
  const evidence = evidenceOf(input, { repro, collected_at: host.now().toISOString() })
  return writeEvidence(host.artifacts_root, evidence)
}
