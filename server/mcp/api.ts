/** The REST API of a running server, as the MCP server asks it: with the caller's own token, so with their rights. */
import { BASE } from '../../src/operation.ts'
import { McpError } from './errors.ts'

interface Answer {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: shapes are those of the OpenAPI document
  readonly json: any
}

export interface Api {
  get(path: string): Promise<Answer>
  post(path: string, body: unknown): Promise<Answer>
}

export function apiOf(url: string, token: string): Api {
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${url}${BASE}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause) => {
      throw new McpError(
        'INTERNAL_ERROR',
        `The server at ${url} does not answer: ${cause.cause?.message ?? cause.message}`,
      )
    })
    const text = await response.text()
    const isJson = response.headers.get('Content-Type')?.includes('json')
    const answer = { status: response.status, text, json: isJson ? JSON.parse(text) : undefined }
    refuse(answer, response.headers.get('Retry-After'))
    return answer
  }
  return { get: (path) => ask('GET', path), post: (path, body) => ask('POST', path, body) }
}

/** What is no matter of the tool that was called: who asks, and how often. */
function refuse({ status, json }: Answer, retry_after: string | null): void {
  const data = {
    reason: json?.error_code,
    ...(retry_after === null ? {} : { retry_after_seconds: Number(retry_after) }),
  }
  const message = json?.message ?? json?.detail ?? `The server answered ${status}`
  if (status === 401) throw new McpError('AUTH_REQUIRED', message, data)
  if (status === 429)
    throw new McpError(json?.error_code === 'QUOTA_EXCEEDED' ? 'QUOTA_EXCEEDED' : 'RATE_LIMITED', message, data)
  if (status === 403) throw new McpError('PERMISSION_DENIED', message, data)
  if (status >= 500) throw new McpError('INTERNAL_ERROR', message, data)
}
