/** Every operation is a route: the declaration says where, and the registry does the rest. */
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import { BASE, type Operation } from '../src/operation.ts'
import { nobody } from '../src/principals/principal.ts'
import type { Registry } from '../src/registry.ts'
import { answered } from './answer.ts'
import { authenticated, type Gate } from './authentication.ts'
import { callFrom } from './call.ts'
import type { Environment } from './environment.ts'
import { isFault, problem, toldOf } from './problem.ts'

export interface Routing {
  readonly registry: Registry
  readonly gate: Gate
  readonly log: Logger
  /** Aborted when the server stops: streams and waiting requests end. */
  readonly stopping: AbortSignal
}

export function addRoutes(app: Hono<Environment>, { registry, gate, log, stopping }: Routing): void {
  for (const name of registry.names()) {
    const operation = registry.get(name) as Operation
    const { method, path, answer } = operation.http
    app.on(method.toUpperCase(), BASE + honoPath(path), async (c) => {
      c.set('operation', name)
      const principal = operation.roles === 'anyone' ? nobody : await authenticated(c, gate)
      c.set('principal', principal)
      const call = await callFrom(c, principal, stopping)
      const result = await registry.dispatch(name, call)
      const report = (fault: unknown) =>
        log.error({ err: fault, operation: name, correlation_id: c.get('correlation_id') }, 'fault')
      if (result.success) return answered(c, answer, result, { signal: call.signal, onFault: report })
      if (isFault(result.error_code) || result.cause !== undefined) report(result.cause)
      return problem(c, toldOf(result))
    })
  }
}

/** `/a/{id}/{+rest}` as Hono writes it: `/a/:id/:rest{.+}`. */
export function honoPath(template: string): string {
  return template.replaceAll(/\{\+(\w+)\}/g, ':$1{.+}').replaceAll(/\{(\w+)\}/g, ':$1')
}
