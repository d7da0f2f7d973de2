/**
 * The single entry from outside: a name is dispatched to the one operation registered under it.
 *
 *   dispatch(name, call)
 *     lookup    UNKNOWN_OPERATION
 *     roles     PERMISSION_DENIED
 *     params    INVALID_REQUEST, INVALID_FILTER
 *     execute   its own refusals; anything else it throws is HANDLER_EXCEPTION:<ErrorName>
 *
 * Whatever happens, the caller gets a result and never an exception.
 */
import type { Principal } from '../machines/definition.ts'
import type { Reads, Writes } from './engine/types.ts'
import { canonical } from './ledger/canonical.ts'
import { sha256 } from './ledger/hash.ts'
import { type Context, type Failure, fail, type Operation, type Outcome } from './operation.ts'
import { paramsOf, type RawParams } from './params.ts'
import { Refusal } from './refusal.ts'
import { databaseUnreachable } from './store/unreachable.ts'

/** A request as the transport hands it over: nothing in it is checked but the principal. */
export interface Call {
  readonly principal: Principal
  readonly params: RawParams
  readonly correlation_id: string
  readonly signal: AbortSignal
  readonly idempotency_key?: string | undefined
  readonly expected_revision?: number | undefined
  readonly last_event_id?: string | undefined
  readonly respond_async?: boolean | undefined
}

export type Result = Outcome & { readonly operation: string; readonly duration_ms: number }

export type Registry = ReturnType<typeof createRegistry>

export function createRegistry({ engine, now }: { engine: Reads & Writes; now: () => number }) {
  const operations = new Map<string, Operation>()
  let frozen = false

  return {
    register(name: string, operation: Operation): void {
      if (frozen) throw new Error(`Operation "${name}" comes too late: the registry is frozen`)
      if (operations.has(name)) throw new Error(`Operation "${name}" is registered already`)
      checkDeclaration(name, operation)
      operations.set(name, operation)
    },
    freeze(): void {
      frozen = true
    },
    isFrozen: (): boolean => frozen,
    names: (): readonly string[] => [...operations.keys()].sort(),
    count: (): number => operations.size,
    has: (name: string): boolean => operations.has(name),
    get: (name: string): Operation | null => operations.get(name) ?? null,
    status: () => ({
      version: '1.0.0',
      operation_count: operations.size,
      frozen,
      operations: [...operations.keys()].sort(),
    }),
    async dispatch(name: string, call: Call): Promise<Result> {
      const started = performance.now()
      const outcome = await outcomeOf(name, call)
      return { ...outcome, operation: name, duration_ms: Math.max(performance.now() - started, 0.001) }
    },
  }

  async function outcomeOf(name: string, call: Call): Promise<Outcome> {
    const operation = operations.get(name)
    if (operation === undefined) return fail(`No operation is called "${name}"`, 'UNKNOWN_OPERATION')
    try {
      admit(name, operation, call.principal)
      const params = paramsOf(operation, call.params)
      return await operation.execute(Object.freeze({ ...contextOf(name, call, params), ...granted(operation) }))
    } catch (error) {
      return failureOf(error)
    }
  }

  function contextOf(name: string, call: Call, params: Context<never>['params']): Context<never> {
    return {
      operation: name,
      tenant_id: call.principal.tenant,
      principal: call.principal,
      params,
      timestamp: new Date(now()).toISOString(),
      correlation_id: call.correlation_id,
      signal: call.signal,
      request: call.idempotency_key === undefined ? undefined : requestKey(name, call.idempotency_key, call.params),
      expected_revision: call.expected_revision,
      last_event_id: call.last_event_id,
      respond_async: call.respond_async ?? false,
    }
  }

  /** What the mode grants, at run time too: an operation that declared READ finds no `writes` (D37). */
  function granted({ transaction }: Operation): { reads: Reads; writes: Writes } {
    const grants = {
      NONE: {},
      READ: { reads: engine },
      OWNS_COMMIT: { reads: engine, writes: engine },
    } as const satisfies Record<typeof transaction, object>
    return grants[transaction] as { reads: Reads; writes: Writes }
  }
}

/** The compiler says most of this already; an operation put together at run time is held to it as well. */
function checkDeclaration(name: string, operation: Operation): void {
  const declared: Partial<Operation> = operation
  const refuse = (what: string) => {
    throw new TypeError(`Operation "${name}" ${what}`)
  }
  if (!/^[a-z_]+(\.[a-z_]+)+$/.test(name)) refuse('must be named domain.verb, in lower case')
  if (typeof declared.execute !== 'function') refuse('has no execute(context) function')
  if (declared.roles === undefined || declared.roles.length === 0) refuse('does not say which roles may use it')
  if (!Array.isArray(declared.cross_domain_deps)) refuse('does not declare its cross_domain_deps')
  if (!['NONE', 'READ', 'OWNS_COMMIT'].includes(declared.transaction ?? '')) {
    refuse('must declare transaction NONE, READ or OWNS_COMMIT')
  }
}

function admit(name: string, operation: Operation, principal: Principal): void {
  if (operation.roles === 'anyone' || operation.roles.some((role) => principal.roles.includes(role))) return
  throw new Refusal(
    'PERMISSION_DENIED',
    `"${name}" is for ${operation.roles.join(', ')}; "${principal.id}" is ${principal.roles.join(', ') || 'none of them'}`,
    { required_roles: operation.roles },
  )
}

/** The path counts as part of the body: the same words to another instance are another request. */
function requestKey(operation: string, key: string, { path, body }: RawParams) {
  return { key, operation, body_hash: sha256(canonical({ path, body: body ?? null })) }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return { ...fail(error.message, error.code, error.fields), cause: error.cause }
  if (databaseUnreachable(error)) {
    const answer = fail('The database does not answer; try again', 'DATABASE_UNAVAILABLE', { retry_after_s: 1 })
    return { ...answer, cause: error }
  }
  const fault = error instanceof Error ? error : new Error(String(error))
  return { ...fail(fault.message, `HANDLER_EXCEPTION:${fault.name}`), cause: error }
}
