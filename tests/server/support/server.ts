/** The whole server without its socket: real engine, real store, and a short way to ask it something. */
import type { Hono } from 'hono'
import pino from 'pino'
import { catalogue as flows } from '../../../machines/index.ts'
import { plannerDefaults } from '../../../machines/run/normalise.ts'
import { createApp } from '../../../server/app.ts'
import type { Environment } from '../../../server/environment.ts'
import { createMetrics } from '../../../server/metrics.ts'
import type { Handlers } from '../../../src/engine/types.ts'
import { type OperationParts, operations } from '../../../src/operations.ts'
import { createKeyRing } from '../../../src/principals/key-ring.ts'
import { createRegistry } from '../../../src/registry.ts'
import { PolicyFile } from '../../../src/runs/policy-file.ts'
import { apiKeyTable } from '../../../src/store/api-keys.ts'
import { engineOn, type TestEngine } from '../../support/engine.ts'
import { openInPGlite } from '../../support/stores.ts'
import { parcel } from './parcel.ts'
import { runHandlers } from './run-handlers.ts'

export interface TestServer {
  readonly app: Hono<Environment>
  readonly engine: TestEngine
  /** What the log was told, one object per line. */
  readonly logged: readonly Readonly<Record<string, unknown>>[]
  readonly artifacts_root: string
  get(path: string, asked?: Asked): Promise<Reply>
  /** Text and bytes are sent as they are, all else as JSON. */
  post(path: string, body?: unknown, asked?: Asked): Promise<Reply>
  delete(path: string, asked?: Asked): Promise<Reply>
  stop(): Promise<void>
}

interface Asked {
  /** As in `X-Act-As`. */
  readonly as?: string | undefined
  readonly key?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
}

export const ada = 'ada;roles=USER'
export const bob = 'bob;roles=USER'
export const grace = 'grace;roles=ADMIN'

interface Options {
  readonly loopback?: boolean
  readonly handlers?: Handlers
  readonly policy_path?: string
  readonly artifacts_root?: string
  readonly audit_enabled?: boolean
}

export async function testServer(options: Options = {}): Promise<TestServer> {
  const { store } = await openInPGlite()
  const artifacts_root = options.artifacts_root ?? '/nowhere'
  const handlers = {
    ...runHandlers(artifacts_root),
    'parcel.buyLabel': { kind: 'remote' },
    ...options.handlers,
  } as const
  const engine = engineOn(store, [...flows, parcel], { handlers })
  await engine.open()
  const stopping = new AbortController()
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) })
  const keys = createKeyRing({ table: apiKeyTable(store.db), now: Date.now })
  const metrics = createMetrics(engine)
  const parts: OperationParts = {
    catalogue: engine.catalogue,
    keys,
    service: { version: '0.0.0', metrics: metrics.text },
    runs: {
      planner: plannerDefaults,
      artifacts_root,
      audit_enabled: options.audit_enabled ?? true,
      policies: {
        file: new PolicyFile({ path: options.policy_path }),
        workspace: async () => ({ git_sha: null, deps_fingerprint: `sha256:${'0123456789abcdef'.repeat(4)}` }),
      },
    },
  }
  const registry = createRegistry({ engine, now: Date.now })
  for (const [name, operation] of Object.entries(operations(parts))) registry.register(name, operation)
  registry.freeze()
  const app = createApp({
    ...{ registry, keys, metrics, log, version: '0.0.0' },
    loopback: options.loopback ?? true,
    stopping: stopping.signal,
  })

  const ask = async (method: string, path: string, body: unknown, { as, key, headers }: Asked = {}): Promise<Reply> => {
    const response = await app.request(`http://localhost/api/v1${path}`, {
      method,
      headers: {
        ...(method !== 'GET' && { 'Content-Type': 'application/json' }),
        ...(as !== undefined && { 'X-Act-As': as }),
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    })
    const text = await response.text()
    const isJson = response.headers.get('Content-Type')?.includes('json')
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
  }
  return {
    ...{ app, engine, logged, artifacts_root },
    get: (path, asked) => ask('GET', path, undefined, asked),
    post: (path, body, asked) => ask('POST', path, body, asked),
    delete: (path, asked) => ask('DELETE', path, undefined, asked),
    async stop() {
      stopping.abort()
      await engine.stop()
      await store.close()
    },
  }
}
