import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Principal } from '../machines/definition.ts'
import type { Reads, Writes } from '../src/engine/types.ts'
import { fail, json, type Operation, ok, operation } from '../src/operation.ts'
import { Refusal } from '../src/refusal.ts'
import { type Call, createRegistry } from '../src/registry.ts'

const ada: Principal = { id: 'ada', kind: 'person', tenant: 'default', roles: ['USER'] }
const engine = { head: async () => ({}), start: async () => ({}) } as unknown as Reads & Writes

function registryWith(operations: Readonly<Record<string, Operation>>) {
  const registry = createRegistry({ engine, now: () => Date.parse('2026-01-01T00:00:00Z') })
  for (const [name, one] of Object.entries(operations)) registry.register(name, one)
  return registry
}

function call(changes: Partial<Call> = {}): Call {
  const params = { path: {}, query: {}, body: undefined }
  return { principal: ada, params, correlation_id: 'c-1', signal: new AbortController().signal, ...changes }
}

function doing(execute: Operation['execute'], changes: Partial<Operation> = {}): Operation {
  return {
    summary: 'Do something',
    roles: ['USER'],
    cross_domain_deps: [],
    transaction: 'NONE',
    http: { method: 'get', path: '/things', answer: json(z.unknown()) },
    params: {},
    execute,
    ...changes,
  }
}

const greets = doing(() => ok('hello'))

describe('registering', () => {
  test('REG-003 a name is taken once', () => {
    const registry = registryWith({ 'thing.greet': greets })
    expect(() => registry.register('thing.greet', greets)).toThrow('"thing.greet" is registered already')
  })

  test('REG-004 after freezing nothing is registered, and the registry says so', () => {
    const registry = registryWith({ 'thing.greet': greets })
    expect(registry.isFrozen()).toBe(false)
    registry.freeze()
    expect(registry.isFrozen()).toBe(true)
    expect(() => registry.register('thing.part', greets)).toThrow('the registry is frozen')
  })

  test('REG-009 a handler without execute is refused with a type error', () => {
    const broken = { ...greets, execute: undefined } as unknown as Operation
    expect(() => registryWith({ 'thing.greet': broken })).toThrow(TypeError)
    expect(() => registryWith({ 'thing.greet': broken })).toThrow('has no execute(context) function')
  })

  test.each([
    ['roles', undefined, 'which roles may use it'],
    ['roles', [], 'which roles may use it'],
    ['cross_domain_deps', undefined, 'cross_domain_deps'],
    ['transaction', undefined, 'transaction NONE, READ or OWNS_COMMIT'],
    ['transaction', 'OWNS', 'transaction NONE, READ or OWNS_COMMIT'],
  ])('an operation whose %s is %j is refused', (field, value, told) => {
    const broken = { ...greets, [field]: value } as unknown as Operation
    expect(() => registryWith({ 'thing.greet': broken })).toThrow(told)
  })

  test('a name says its domain and its verb', () => {
    expect(() => registryWith({ greet: greets })).toThrow('must be named domain.verb')
  })

  test('REG-006 introspection: sorted names, count, has, get', () => {
    const registry = registryWith({ 'thing.part': greets, 'thing.greet': greets })
    expect(registry.names()).toEqual(['thing.greet', 'thing.part'])
    expect(registry.count()).toBe(2)
    expect([registry.has('thing.greet'), registry.has('thing.eat')]).toEqual([true, false])
    expect([registry.get('thing.greet'), registry.get('thing.eat')]).toEqual([greets, null])
  })

  test('REG-008 status', () => {
    const registry = registryWith({ 'thing.greet': greets })
    registry.freeze()
    expect(registry.status()).toEqual({
      version: '1.0.0',
      operation_count: 1,
      frozen: true,
      operations: ['thing.greet'],
    })
  })
})

describe('dispatching', () => {
  test('REG-001 a registered operation is executed; the result carries its name and a positive duration', async () => {
    const result = await registryWith({ 'thing.greet': greets }).dispatch('thing.greet', call())
    expect(result).toMatchObject({ success: true, data: 'hello', operation: 'thing.greet' })
    expect(result.duration_ms).toBeGreaterThan(0)
  })

  test('REG-002 an unknown name is a failed result that names it, not an exception', async () => {
    const result = await registryWith({}).dispatch('thing.eat', call())
    expect(result).toMatchObject({ success: false, error_code: 'UNKNOWN_OPERATION', operation: 'thing.eat' })
    expect(!result.success && result.error).toContain('thing.eat')
  })

  test('REG-005 an exception becomes a failed result with the name of the error and its message', async () => {
    const breaks = doing(() => {
      throw new RangeError('too far')
    })
    const result = await registryWith({ 'thing.greet': breaks }).dispatch('thing.greet', call())
    expect(result).toMatchObject({ success: false, error_code: 'HANDLER_EXCEPTION:RangeError', error: 'too far' })
  })

  test('a refusal becomes a failed result with its own code and fields', async () => {
    const refuses = doing(async () => {
      throw new Refusal('THING_GONE', 'It is gone', { thing_id: 7 })
    })
    const result = await registryWith({ 'thing.greet': refuses }).dispatch('thing.greet', call())
    expect(result).toMatchObject({ success: false, error_code: 'THING_GONE', fields: { thing_id: 7 } })
  })

  test('REG-007 ok has data and no error; fail has an error, no data, and a code of its own if none is given', () => {
    expect(ok(1)).toEqual({ success: true, data: 1 })
    expect(fail('no')).toEqual({ success: false, error: 'no', error_code: 'OPERATION_FAILED', fields: {} })
    expect(fail('no', 'NOT_NOW').error_code).toBe('NOT_NOW')
  })

  test('a principal without one of the roles is denied before anything is looked at', async () => {
    const picky = doing(() => ok('hello'), { roles: ['ADMIN'], params: { query: z.strictObject({ n: z.string() }) } })
    const result = await registryWith({ 'thing.greet': picky }).dispatch('thing.greet', call())
    expect(result).toMatchObject({ error_code: 'PERMISSION_DENIED', fields: { required_roles: ['ADMIN'] } })
  })

  test('the context says who, where, when and what, and is not to be changed', async () => {
    let seen: unknown
    const looks = operation({
      ...greets,
      params: { path: z.strictObject({ n: z.coerce.number() }) },
      execute(context) {
        seen = context
        return ok(context.params.path.n + 1)
      },
    })
    const result = await registryWith({ 'thing.greet': looks }).dispatch(
      'thing.greet',
      call({ params: { path: { n: '41' }, query: {}, body: undefined } }),
    )
    expect(result).toMatchObject({ success: true, data: 42 })
    expect(seen).toMatchObject({
      operation: 'thing.greet',
      tenant_id: 'default',
      principal: ada,
      params: { path: { n: 41 } },
      timestamp: '2026-01-01T00:00:00.000Z',
      correlation_id: 'c-1',
    })
    expect(Object.isFrozen(seen)).toBe(true)
  })

  test.each([
    ['NONE', false, false],
    ['READ', true, false],
    ['OWNS_COMMIT', true, true],
  ] as const)('transaction %s: reads %s, writes %s', async (transaction, reads, writes) => {
    const grants = doing((context) => ok(['reads' in context, 'writes' in context]), { transaction })
    const result = await registryWith({ 'thing.greet': grants }).dispatch('thing.greet', call())
    expect(result).toMatchObject({ data: [reads, writes] })
  })

  test('the key of a request covers its path and its body, however that was written', async () => {
    const shows = doing((context) => ok(context.request?.body_hash), {
      params: { path: z.object({ id: z.string() }), body: z.unknown() },
    })
    const registry = registryWith({ 'thing.greet': shows })
    const hashOf = async (id: string, body: unknown) => {
      const params = { path: { id }, query: {}, body }
      const result = await registry.dispatch('thing.greet', call({ params, idempotency_key: 'k' }))
      return result.success ? result.data : undefined
    }
    expect(await hashOf('1', { a: 1, b: 2 })).toBe(await hashOf('1', { b: 2, a: 1 }))
    expect(await hashOf('1', { a: 1 })).not.toBe(await hashOf('1', { a: 2 }))
    expect(await hashOf('1', { a: 1 })).not.toBe(await hashOf('2', { a: 1 }))
  })
})
