/** One MCP session: JSON-RPC 2.0 messages in, answers out (§15). Knows nothing of streams. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { jsonSchema } from '../../src/instances/json-schema.ts'
import { canonical } from '../../src/ledger/canonical.ts'
import { sha256 } from '../../src/ledger/hash.ts'
import { type Api, apiOf } from './api.ts'
import { codes, McpError } from './errors.ts'
import { type ToolAnswer, tools } from './tools.ts'

const PROTOCOLS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']
const HASH_DIGITS = 16

const message = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({}).optional(),
})
const toolCall = z.looseObject({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  auth: z.looseObject({ token: z.string() }).optional(),
})

export interface SessionOptions {
  readonly version: string
  /** Where the server answers. */
  readonly url: string
  /** For clients that cannot send `params.auth.token`. */
  readonly token: string | undefined
}

export class Session {
  readonly #options: SessionOptions

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** The answer to one line; undefined for a notification. Never throws. */
  async answer(line: string): Promise<object | undefined> {
    let id: string | number | null = null
    try {
      const parsed = message.safeParse(json(line))
      if (!parsed.success) throw new McpError('INVALID_REQUEST', z.prettifyError(parsed.error))
      if (parsed.data.id === undefined) return undefined
      id = parsed.data.id
      return { jsonrpc: '2.0', id, result: await this.#result(parsed.data.method, parsed.data.params ?? {}) }
    } catch (fault) {
      return { jsonrpc: '2.0', id, error: errorOf(fault) }
    }
  }

  async #result(method: string, params: Readonly<Record<string, unknown>>): Promise<object> {
    switch (method) {
      case 'initialize':
        return {
          protocolVersion: PROTOCOLS.find((known) => known === params.protocolVersion) ?? PROTOCOLS[0],
          capabilities: { tools: {} },
          serverInfo: { name: 'chancery', version: this.#options.version },
        }
      case 'ping':
        return {}
      case 'tools/list':
        return {
          tools: tools.map(({ name, description, args }) => ({
            name,
            description,
            inputSchema: jsonSchema(args, 'input'),
          })),
        }
      case 'tools/call':
        return this.#call(params)
      default:
        throw new McpError('METHOD_NOT_FOUND', `There is no method "${method}"`)
    }
  }

  async #call(params: Readonly<Record<string, unknown>>): Promise<object> {
    const call = toolCall.safeParse(params)
    if (!call.success) throw new McpError('INVALID_PARAMS', z.prettifyError(call.error))
    const { name, arguments: given, auth } = call.data
    const token = auth?.token ?? this.#options.token
    if (!token) throw new McpError('AUTH_REQUIRED', 'params.auth.token is missing: every call needs a key')
    const found = tools.find((tool) => tool.name === name)
    if (found === undefined) return shown({ text: `There is no tool "${name}"`, isError: true })
    const args = found.args.safeParse(given)
    if (!args.success) throw new McpError('INVALID_PARAMS', z.prettifyError(args.error))
    const api = apiOf(this.#options.url, token)
    const audit_context = await contextOf(api, given)
    return { ...shown(await found.call(args.data as never, api)), _meta: { audit_context } }
  }
}

/** MC-4: who called what, under which policy. Asked first, so that a token nobody knows gets no further. */
async function contextOf(api: Api, args: Readonly<Record<string, unknown>>) {
  const actor = (await api.get('/principals/me')).json.id
  const { hash: policy_hash, git_sha } = (await api.get('/policies/current')).json
  return {
    ...{ request_id: randomUUID(), actor, policy_hash, git_sha },
    args_hash: Object.keys(args).length === 0 ? null : sha256(canonical(args)).slice(0, HASH_DIGITS),
    timestamp: new Date().toISOString(),
  }
}

function shown({ text, isError = false }: ToolAnswer): object {
  return { content: [{ type: 'text', text }], isError }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new McpError('PARSE_ERROR', 'The line is not JSON')
  }
}

function errorOf(fault: unknown): { code: number; message: string; data?: object } {
  if (!(fault instanceof McpError)) return { code: codes.INTERNAL_ERROR, message: String(fault) }
  return { code: fault.code, message: fault.message, ...(fault.data === undefined ? {} : { data: fault.data }) }
}
