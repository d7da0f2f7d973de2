/** The tools an MCP client may call (§15): three that read, two that start a run. No shell (MC-5). */
import { z } from 'zod'
import type { Api } from './api.ts'
import { McpError } from './errors.ts'

/** The text a client is shown; `isError` for what went wrong in the domain (MC-3). */
export interface ToolAnswer {
  readonly text: string
  readonly isError?: boolean
}

export interface McpTool {
  readonly name: string
  readonly description: string
  readonly args: z.ZodObject
  call(args: never, api: Api): Promise<ToolAnswer>
}

const tool = <Args extends z.ZodObject>(declared: {
  readonly name: string
  readonly description: string
  readonly args: Args
  call(args: z.output<Args>, api: Api): Promise<ToolAnswer>
}): McpTool => declared

const MOST_CHARACTERS = 100_000
const READABLE = /\.(json|xml|txt|log|html|md|ya?ml)$/
const MAY_RUN = ['USER', 'ADMIN']
/** Long enough for a test run; past it the answer says RUNNING. */
const WAIT_S = 300

const run_id = z.string().describe('The id of the run')

export const tools: readonly McpTool[] = [
  tool({
    name: 'get_evidence',
    description: 'The evidence of a run: what was called, what came of it, which files it left.',
    args: z.strictObject({ run_id }),
    async call({ run_id }, api) {
      const invalid = invalidRunId(run_id)
      if (invalid) return invalid
      const { status, text } = await api.get(`/artifacts/${run_id}/evidence.json`)
      return status === 200 ? { text } : failed('Evidence not found')
    },
  }),
  tool({
    name: 'list_artifacts',
    description: 'The files a run left.',
    args: z.strictObject({ run_id }),
    async call({ run_id }, api) {
      const invalid = invalidRunId(run_id)
      if (invalid) return invalid
      const { status, json } = await api.get(`/orchestrations/runs/${run_id}`)
      if (status !== 200) return failed('Run not found')
      const artifacts = (json.artifacts as { rel_path: string; size: number }[]).map(({ rel_path, size }) => ({
        ...{ path: rel_path, size },
      }))
      return { text: JSON.stringify({ run_id, artifacts, count: artifacts.length }) }
    },
  }),
  tool({
    name: 'get_artifact_content',
    description: 'The text of a file a run left.',
    args: z.strictObject({ run_id, rel_path: z.string().describe('As list_artifacts gives it') }),
    async call({ run_id, rel_path }, api) {
      const invalid = invalidRunId(run_id)
      if (invalid) return invalid
      if (!READABLE.test(rel_path)) return failed(`"${rel_path}" is binary: only text files are shown`)
      const path = rel_path.split('/').map(encodeURIComponent).join('/')
      const { status, text, json } = await api.get(`/artifacts/${run_id}/${path}`)
      if (status !== 200) return failed(json?.message ?? 'Artifact not found')
      if (text.length <= MOST_CHARACTERS) return { text }
      return { text: `${text.slice(0, MOST_CHARACTERS)}\n[truncated: ${text.length} characters in all]` }
    },
  }),
  testTool('run_pytest', 'Run a pytest suite of the workspace, judged by the policy.'),
  testTool('run_vitest', 'Run a vitest suite of the workspace, judged by the policy.'),
]

function testTool(name: string, description: string): McpTool {
  return tool({
    name,
    description,
    args: z.strictObject({
      test_path: z.string().min(1).describe('Below tests/'),
      args: z.array(z.string()).default([]).describe('More arguments for the runner'),
    }),
    async call({ test_path, args }, api) {
      await admit(name, api)
      const options = { tool_name: name, args: { test_path, extra_args: args } }
      const request = { nl_input: `${name} ${test_path}`, options }
      const { status, json } = await api.post(`/orchestrations/run?wait_s=${WAIT_S}`, request)
      if (status !== 200 && status !== 202) throw new McpError('INVALID_PARAMS', json?.message ?? `status ${status}`)
      return judged(json)
    },
  })
}

/** MC-1, in its order. Stricter than HTTP: an empty allowlist blocks here. */
async function admit(name: string, api: Api): Promise<void> {
  const { roles } = (await api.get('/principals/me')).json as { roles: string[] }
  if (!roles.some((role) => MAY_RUN.includes(role))) {
    throw new McpError('PERMISSION_DENIED', 'Starting a run needs orchestration:run', { reason: 'PERMISSION_DENIED' })
  }
  const { tools, allowlist_count, sandbox } = (await api.get('/tools')).json
  const isAllowed = (tools as { name: string; allowed: boolean }[]).some((one) => one.name === name && one.allowed)
  if (allowlist_count === 0)
    throw new McpError('POLICY_BLOCKED', 'The policy has an empty allowlist', { reason: 'allowlist' })
  if (!isAllowed)
    throw new McpError('POLICY_BLOCKED', `Tool "${name}" is not in the policy's allowlist`, { reason: name })
  if (!sandbox.enabled)
    throw new McpError('SANDBOX_VIOLATION', 'The policy has switched the sandbox off', { reason: 'sandbox.enabled' })
}

/** MC-3: what the budget or the clock ended is an error that names the run. */
function judged({
  run_id,
  status,
  decision,
  outcome,
  reason,
  evidence,
}: {
  readonly run_id: string
  readonly status: string
  readonly decision: string | null
  readonly outcome: string | null
  readonly reason: string | null
  readonly evidence: { governance: { short_circuited: boolean }; tool_calls: { timed_out: boolean }[] } | null
}): ToolAnswer {
  if (evidence?.governance.short_circuited)
    throw new McpError('BUDGET_EXCEEDED', reason ?? 'The budget is spent', { run_id })
  if (evidence?.tool_calls.some(({ timed_out }) => timed_out)) {
    throw new McpError('TIMEOUT', reason ?? 'The tool ran out of time', { run_id })
  }
  return { text: JSON.stringify({ run_id, status, decision, outcome, reason }) }
}

function invalidRunId(run_id: string): ToolAnswer | undefined {
  return z.uuid().safeParse(run_id).success ? undefined : failed('Invalid run_id format')
}

function failed(text: string): ToolAnswer {
  return { text, isError: true }
}
