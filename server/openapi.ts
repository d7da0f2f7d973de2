/** The OpenAPI 3.1 document, made from the operations: whatever is routed is described, and nothing else. */
import { z } from 'zod'
import { type JsonSchema, jsonSchema } from '../src/instances/json-schema.ts'
import { type Answer, BASE, type Operation } from '../src/operation.ts'
import type { Registry } from '../src/registry.ts'

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: object
}

export interface OperationObject {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly 'x-roles': Operation['roles']
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
  readonly security: readonly object[]
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

export function openApiDocument({ registry, version }: { registry: Registry; version: string }): OpenApiDocument {
  const paths: Record<string, Record<string, OperationObject>> = {}
  const tags = new Set<string>()
  for (const name of registry.names()) {
    const operation = registry.get(name) as Operation
    const path = BASE + operation.http.path.replaceAll('{+', '{')
    paths[path] = { ...paths[path], [operation.http.method]: described(name, operation) }
    tags.add(domainOf(name))
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Chancery', version, description: 'Durable, witnessed statecharts.' },
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
    },
  }
}

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  error_code: z.string().meta({ description: 'Stable; what else the document holds depends on it' }),
  message: z.string(),
  correlation_id: z.string(),
  errors: z
    .array(z.object({ field: z.string(), wanted: z.string(), got: z.unknown() }))
    .optional()
    .meta({ description: 'What does not fit, field by field' }),
})

const problemResponse = {
  description: 'Refused, or failed',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

function described(name: string, operation: Operation): OperationObject {
  const { http, params, roles, summary } = operation
  return {
    operationId: name,
    summary,
    tags: [domainOf(name)],
    'x-roles': roles,
    parameters: [...parametersOf('path', params.path), ...parametersOf('query', params.query), ...headersOf(operation)],
    ...(params.body && {
      requestBody: {
        required: !params.body.safeParse(undefined).success,
        content: { 'application/json': { schema: jsonSchema(params.body, 'input') } },
      },
    }),
    responses: { ...responsesOf(http), default: problemResponse },
    security: roles === 'anyone' ? [] : [{ key: [] }],
  }
}

function domainOf(name: string): string {
  return name.split('.')[0] as string
}

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined): readonly Parameter[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, JsonSchema & { description?: string }>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...shape }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: shape,
  }))
}

const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body gets the first answer again, for 24 hours',
  schema: { type: 'string', maxLength: 255 },
}

const ifMatch: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The ETag the write is meant for; on any other revision it is refused',
  schema: { type: 'string' },
}

const lastEventId: Parameter = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'Continue behind this event',
  schema: { type: 'string' },
}

const prefer: Parameter = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description: '`respond-async`: answer 202 at once instead of waiting',
  schema: { type: 'string' },
}

function headersOf({ transaction, http }: Operation): readonly Parameter[] {
  if (http.answer.kind === 'stream') return [lastEventId]
  const mayAnswerLater = http.also?.[202] === undefined ? [] : [prefer]
  return transaction === 'OWNS_COMMIT' ? [idempotencyKey, ifMatch, ...mayAnswerLater] : []
}

function responsesOf({ answer, also = {} }: Operation['http']): OperationObject['responses'] {
  const others = Object.entries(also).map(([status, description]) => [
    status,
    { description, content: contentOf(answer) },
  ])
  const status = answer.kind === 'json' ? answer.status : 200
  return { [status]: { description: 'Done', content: contentOf(answer) }, ...Object.fromEntries(others) }
}

function contentOf(answer: Answer): Content {
  switch (answer.kind) {
    case 'json':
      return { 'application/json': { schema: jsonSchema(answer.schema, 'output') } }
    case 'text':
      return { [answer.media_type]: { schema: { type: 'string' } } }
    case 'file':
      return { 'application/octet-stream': { schema: {} } }
    case 'stream':
      return { 'text/event-stream': { schema: jsonSchema(answer.schema, 'output') } }
  }
}
