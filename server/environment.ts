/** What the parts of a request's way tell each other through Hono's context. */
import type { Context } from 'hono'
import type { Principal } from '../machines/definition.ts'

export interface Environment {
  Variables: {
    correlation_id: string
    operation?: string
    principal?: Principal
  }
}

export type RequestContext = Context<Environment>
