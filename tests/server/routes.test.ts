/** Routes and their documentation are made from operations, and from nothing else. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OpenApiDocument } from '../../server/openapi.ts'
import { honoPath } from '../../server/routes.ts'
import { catalogueOf } from '../../src/engine/catalogue.ts'
import { BASE, type Operation } from '../../src/operation.ts'
import { type OperationParts, operations } from '../../src/operations.ts'
import { type TestServer, testServer } from './support/server.ts'

let server: TestServer
let document: OpenApiDocument
const declared: readonly (readonly [string, Operation])[] = Object.entries(
  operations({
    catalogue: catalogueOf([]),
    keys: {},
    service: {},
    runs: { policies: {} },
  } as unknown as OperationParts),
)

beforeAll(async () => {
  server = await testServer()
  const response = await server.app.request('http://localhost/openapi.json')
  document = (await response.json()) as OpenApiDocument
})
afterAll(() => server.stop())

test('every route below /api/v1 comes from an operation, and every operation has its route', () => {
  const routes = server.app.routes
    .filter(({ method, path }) => method !== 'ALL' && path.startsWith(BASE))
    .map(({ method, path }) => `${method} ${path}`)
  const wanted = declared.map(([, { http }]) => `${http.method.toUpperCase()} ${BASE}${honoPath(http.path)}`)
  expect(routes.toSorted()).toEqual(wanted.toSorted())
})

test('what stands outside of it is the API’s own description', () => {
  const others = server.app.routes.filter(({ method, path }) => method !== 'ALL' && !path.startsWith(BASE))
  expect(others.map(({ path }) => path)).toEqual(['/openapi.json', '/docs', '/'])
})

test('the document describes every operation: who may use it, what it takes, what it answers', () => {
  expect(document.openapi).toBe('3.1.0')
  const described = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  expect(described.map(({ operationId }) => operationId).toSorted()).toEqual(declared.map(([name]) => name).toSorted())
  for (const { operationId, responses, 'x-roles': roles, summary } of described) {
    expect(roles.length, operationId).toBeGreaterThan(0)
    expect(summary, operationId).toMatch(/\.$/)
    expect(Object.keys(responses), operationId).toContain('default')
  }
})

test('each segment in braces is a parameter of its path', () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    const segments = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const { parameters } of Object.values(methods)) {
      expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(segments)
    }
  }
})

test('no reference in it leads nowhere', () => {
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path?.split('/') ?? [])
  for (const path of references) {
    const found = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document)
    expect(found, path.join('/')).toBeDefined()
  }
})

test('the page to browse holds every operation and needs nothing from elsewhere', async () => {
  const response = await server.app.request('http://localhost/docs')
  const page = await response.text()
  for (const [name] of declared) expect(page).toContain(`id="${name}"`)
  expect(page).not.toMatch(/<script|src=|https?:\/\/(?!json-schema)/)
  expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
})

test('the front door leads there', async () => {
  const response = await server.app.request('http://localhost/')
  expect([response.status, response.headers.get('Location')]).toEqual([302, '/docs'])
})
