/** From what a transport received to what an operation is told; what does not fit is refused by the name of its field. */
import { z } from 'zod'
import type { Context, Operation } from './operation.ts'
import { Refusal } from './refusal.ts'

export interface RawParams {
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Undefined when the request had none. */
  readonly body: unknown
}

/** One thing wrong with a request. */
export interface FieldError {
  readonly field: string
  readonly wanted: string
  readonly got: unknown
}

const MAX_DEPTH = 32

/** Raw text becomes typed values here and nowhere else; behind this line the types are the proof. */
export function paramsOf(operation: Operation, raw: RawParams): Context<never>['params'] {
  const { path = empty, query = empty, body = absent } = operation.params
  const unfit = unfitJson(raw.path) ?? unfitJson(raw.query) ?? unfitJson(raw.body)
  if (unfit) throw invalid('INVALID_REQUEST', [unfit])
  return {
    path: parsed(path, raw.path),
    query: parsed(query, raw.query, operation.http.method === 'get' ? { code: 'INVALID_FILTER' } : {}),
    body: parsed(body, raw.body),
  } as never
}

const empty = z.strictObject({})
const absent = z.undefined({ error: 'no body' })

interface ParseOptions {
  readonly code?: string
  /** Where the value lies within the request, so that the fields are named as the caller wrote them. */
  readonly under?: string
}

/** The value as its schema reads it, or a refusal that lists each field that does not fit. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { code = 'INVALID_REQUEST', under }: ParseOptions = {},
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  throw invalid(
    code,
    result.error.issues.flatMap((issue) => fieldErrors(issue, under === undefined ? [] : [under])),
  )
}

export function invalid(code: string, errors: readonly FieldError[]): Refusal {
  const told = errors.map(({ field, wanted, got }) => `"${field}": ${wanted}, got ${JSON.stringify(got) ?? 'nothing'}`)
  return new Refusal(code, `The request does not fit: ${told.join('; ')}`, { errors })
}

function fieldErrors(issue: z.core.$ZodIssue, under: readonly string[]): readonly FieldError[] {
  const path = [...under, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: nameOf([...path, key]), wanted: 'no such field', got: key }))
  }
  return [{ field: nameOf(path), wanted: issue.message, got: shown(issue.input) }]
}

const nameOf = (path: readonly PropertyKey[]): string => path.join('.') || 'body'

/** Enough of a value to recognise it by: what a caller sent may be long, or none of our log's business. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 80 ? `${value.slice(0, 80)}…` : value
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return value ?? null
}

/** What JSON allows and the ledger does not hold: text that Postgres cannot store, and structures without end (D5). */
function unfitJson(value: unknown, path: string[] = []): FieldError | undefined {
  if (typeof value === 'string') return unfitText(value, path)
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return { field: printable(path), wanted: 'a number of at most about 1.8e308', got: 'more' }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (path.length >= MAX_DEPTH) {
    return { field: nameOf(path.slice(0, 3)), wanted: `at most ${MAX_DEPTH} levels of nesting`, got: 'more' }
  }
  for (const [key, item] of Object.entries(value)) {
    path.push(key)
    const unfit = unfitText(key, path) ?? unfitJson(item, path)
    if (unfit) return unfit
    path.pop()
  }
  return undefined
}

function unfitText(text: string, path: readonly string[]): FieldError | undefined {
  if (text.includes('\0')) return { field: printable(path), wanted: 'text without NUL', got: 'NUL' }
  if (!text.isWellFormed()) return { field: printable(path), wanted: 'well-formed Unicode', got: 'a lone surrogate' }
  return undefined
}

/** The field's name may itself be what is wrong. */
const printable = (path: readonly string[]): string => nameOf(path).toWellFormed().replaceAll('\0', '\uFFFD')
