/** What the parts of a request's way tell each other through Hono's context. */
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Principal } from '../machines/definition.ts'

export interface Environment {
  /** Absent where there is no socket. */
  Bindings: Partial<HttpBindings>
  Variables: {
    correlation_id: string
    operation?: string
    principal?: Principal
  }
}

export type RequestContext = Context<Environment>
