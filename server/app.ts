/**
 * The operations over HTTP. It listens to nothing, so tests call it as the socket would.
 *
 *   correlation → request log → route of the operation → authentication → body → dispatch → answer or problem
 */
import { Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { Logger } from 'pino'
import type { KeyRing } from '../src/principals/key-ring.ts'
import { Refusal } from '../src/refusal.ts'
import type { Registry } from '../src/registry.ts'
import { databaseUnreachable } from '../src/store/unreachable.ts'
import { correlation } from './correlation.ts'
import { docsPage } from './docs-page.ts'
import type { Environment } from './environment.ts'
import type { Metrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import { internalError, problem } from './problem.ts'
import { rawPath } from './raw-path.ts'
import { requestLog } from './request-log.ts'
import { addRoutes } from './routes.ts'

export interface AppParts {
  readonly registry: Registry
  readonly keys: KeyRing
  readonly metrics: Metrics
  readonly log: Logger
  readonly version: string
  /** Whether nobody but this machine can reach the server. */
  readonly loopback: boolean
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal
}

export function createApp({ registry, keys, metrics, log, version, loopback, stopping }: AppParts): Hono<Environment> {
  const app = new Hono<Environment>()
  app.use(requestLog({ log, metrics }))
  app.use(async (c, next) => {
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Cache-Control', 'no-store')
    await next()
  })
  app.use(correlation)
  app.use(rawPath)
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed(c, methods) {
        c.header('Allow', methods.join(', '))
        return problem(c, new Refusal('METHOD_NOT_ALLOWED', `${c.req.path} takes ${methods.join(', ')}`, { methods }))
      },
    }),
  )

  addRoutes(app, { registry, gate: { keys, loopback }, log, stopping })
  const document = openApiDocument({ registry, version })
  app.get('/openapi.json', (c) => c.json(document))
  app.get('/docs', docsPage(document))
  app.get('/', (c) => c.redirect('/docs'))

  app.notFound((c) => problem(c, new Refusal('ROUTE_NOT_FOUND', `There is nothing at ${c.req.path}`)))
  app.onError((error, c) => {
    if (error instanceof Refusal) return problem(c, error)
    if (databaseUnreachable(error)) {
      return problem(
        c,
        new Refusal('DATABASE_UNAVAILABLE', 'The database does not answer; try again', { retry_after_s: 1 }),
      )
    }
    log.error({ err: error, correlation_id: c.get('correlation_id') }, 'fault')
    return problem(c, internalError)
  })
  return app
}
