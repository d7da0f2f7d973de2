/**
 * What an operation is: one thing a caller may ask for, declared as data. The registry runs it, the server makes its
 * route and its page of documentation from the same declaration, and neither knows more than what stands here.
 */
import type { z } from 'zod'
import type { Principal, Role } from '../machines/definition.ts'
import type { Reads, RequestKey, Writes } from './engine/types.ts'

/** Where the routes of operations begin. */
export const BASE = '/api/v1'

/** Nobody gets a database handle: an operation sends events, queries, or neither (D37). */
export type Transaction = keyof Granted

interface Granted {
  readonly NONE: object
  readonly READ: { readonly reads: Reads }
  readonly OWNS_COMMIT: { readonly reads: Reads; readonly writes: Writes }
}

/** The schemas of what a caller hands over. Unknown fields are refused, so every object is strict. */
export interface ParamSchemas {
  readonly path?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
}

/** The same after parsing; a part without a schema is undefined. */
type Params<P extends ParamSchemas> = { readonly [Part in keyof P]: Parsed<P[Part]> }
type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

export interface Context<P> {
  readonly operation: string
  readonly tenant_id: string
  readonly principal: Principal
  readonly params: P
  readonly timestamp: string
  readonly correlation_id: string
  /** Aborted when the caller went away or the server stops. */
  readonly signal: AbortSignal
  /** From `Idempotency-Key`; hand it on to `start` or `send`. */
  readonly request?: RequestKey | undefined
  /** From `If-Match`; hand it on to `send`. */
  readonly expected_revision?: number | undefined
  /** From `Last-Event-ID`, for streams. */
  readonly last_event_id?: string | undefined
  /** From `Prefer: respond-async`: the caller would rather not wait. */
  readonly respond_async?: boolean
}

export interface Operation<
  Mode extends Transaction = Transaction,
  P extends ParamSchemas = ParamSchemas,
  Data = unknown,
> {
  readonly summary: string
  /** Who may ask. `anyone` needs no credentials, so it is for what a load balancer asks. */
  readonly roles: readonly Role[] | 'anyone'
  /** Other domains the operation reaches; `domain.verb` is its own. */
  readonly cross_domain_deps: readonly string[]
  readonly transaction: Mode
  readonly http: Http<Data>
  readonly params: P
  execute(context: Context<Params<P>> & Granted[Mode]): Promise<Outcome<Data>> | Outcome<Data>
}

/** Where an operation is found and what its answers look like. */
interface Http<Data = unknown> {
  readonly method: 'get' | 'post' | 'delete'
  /** Below `BASE`, as an RFC 6570 template: `{id}` is one segment, `{+path}` all that follow. */
  readonly path: string
  readonly answer: Answer<Data>
  /** Other statuses it may choose with `ok(data, { status })`, and what they mean. */
  readonly also?: Readonly<Record<number, string>>
}

/** `data` is only a type: it ties what `execute` gives to what the route promises. */
export type Answer<Data = unknown> = (
  | { readonly kind: 'json'; readonly status: 200 | 201 | 202; readonly schema: z.ZodType }
  | { readonly kind: 'text'; readonly media_type: string }
  | { readonly kind: 'file' }
  | { readonly kind: 'stream'; readonly schema: z.ZodType }
) & { readonly data?: Data }

export interface FileAnswer {
  readonly content: ReadableStream<Uint8Array>
  readonly size: number
  readonly media_type: string
  /** The name to save it under, when it must not be shown in place. */
  readonly attachment: string | null
}

/** Begins a stream that goes on until the signal is raised. */
export type OpenStream = (closed: AbortSignal) => AsyncIterable<StreamItem>

export interface StreamItem {
  /** Where a reader continues with `Last-Event-ID`. */
  readonly id: string
  readonly event: string
  readonly data: unknown
}

export const json = <Schema extends z.ZodType>(
  schema: Schema,
  status: 200 | 201 | 202 = 200,
): Answer<z.input<Schema>> => ({ kind: 'json', status, schema })
export const text = (media_type: string): Answer<string> => ({ kind: 'text', media_type })
export const file: Answer<FileAnswer> = { kind: 'file' }
export const stream = (schema: z.ZodType): Answer<OpenStream> => ({ kind: 'stream', schema })

export type Outcome<Data = unknown> = Success<Data> | Failure

export interface Success<Data = unknown> extends AnswerHints {
  readonly success: true
  readonly data: Data
}

export interface AnswerHints {
  /** One of `http.also`, instead of the usual status. */
  readonly status?: number
  /** The revision the data shows: the ETag. */
  readonly revision?: number
  /** The path, below `BASE`, of what was made. */
  readonly location?: string
}

export interface Failure {
  readonly success: false
  readonly error: string
  readonly error_code: string
  readonly fields: Readonly<Record<string, unknown>>
  /** The fault behind the failure, where there is one: for the log, never for the caller. */
  readonly cause?: unknown
}

export function ok<Data>(data: Data, hints: AnswerHints = {}): Success<Data> {
  return { success: true, data, ...hints }
}

export function fail(
  error: string,
  error_code = 'OPERATION_FAILED',
  fields: Readonly<Record<string, unknown>> = {},
): Failure {
  return { success: false, error, error_code, fields }
}

/** Declares an operation; it only lends the compiler the types that follow from mode, schemas and answer. */
export function operation<Mode extends Transaction, P extends ParamSchemas, Data>(
  declared: Operation<Mode, P, Data>,
): Operation<Mode, P, Data> {
  return declared
}
