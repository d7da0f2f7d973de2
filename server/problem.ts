/** Everything that goes wrong leaves as a problem document (RFC 9457), and nothing of our inside goes with it. */
import { STATUS_CODES } from 'node:http'
import type { Failure } from '../src/operation.ts'
import type { Refusal } from '../src/refusal.ts'
import type { RequestContext } from './environment.ts'
import { statusOf } from './statuses.ts'

type Told = Pick<Refusal, 'code' | 'message' | 'fields'>

export function problem(c: RequestContext, { code, message, fields }: Told): Response {
  const status = statusOf(code)
  const { retry_after_s } = fields
  if (typeof retry_after_s === 'number') c.header('Retry-After', String(Math.ceil(retry_after_s)))
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  const document = {
    ...fields,
    type: `urn:chancery:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status],
    status,
    detail: message,
    instance: c.req.path,
    error_code: code,
    message,
    correlation_id: c.get('correlation_id'),
  }
  return c.body(JSON.stringify(document), status, { 'Content-Type': 'application/problem+json' })
}

/** A fault is ours: the caller learns that it happened and under which id we find it in the log. */
export const internalError: Told = {
  code: 'INTERNAL_ERROR',
  message: 'Something went wrong here. The log knows more under the correlation id.',
  fields: {},
}

export function toldOf({ error, error_code, fields }: Failure): Told {
  return isFault(error_code) ? internalError : { code: error_code, message: error, fields }
}

export function isFault(error_code: string): boolean {
  return error_code.startsWith('HANDLER_EXCEPTION:')
}
