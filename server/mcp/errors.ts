/** What an MCP client is told when a call is refused (§15): a code of its own, and data that says why. */
export const codes = {
  AUTH_REQUIRED: -32001,
  PERMISSION_DENIED: -32003,
  POLICY_BLOCKED: -32004,
  BUDGET_EXCEEDED: -32005,
  SANDBOX_VIOLATION: -32006,
  TIMEOUT: -32007,
  RATE_LIMITED: -32008,
  QUOTA_EXCEEDED: -32009,
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL_ERROR: -32603,
} as const

export class McpError extends Error {
  override readonly name = 'McpError'
  readonly code: number
  readonly data: Readonly<Record<string, unknown>> | undefined

  constructor(code: keyof typeof codes, message: string, data?: Readonly<Record<string, unknown>>) {
    super(message)
    this.code = codes[code]
    this.data = data
  }
}
