/**
 * The work of a path, done by stand-ins: each piece of it waits until the path says how it ends. They come in three
 * tempers, which must make no difference to where a path ends.
 */
import { systemPrincipal } from '../../src/engine/runner.ts'
import type { Outcome } from '../../src/engine/turn.ts'
import { type HandlerContext, type Handlers, Terminal, type Writes } from '../../src/engine/types.ts'

export interface Workers {
  readonly handlers: (sources: readonly string[]) => Handlers
  /** Lets a piece of work end, now or as soon as somebody begins it. */
  end(engine: Writes, effect_id: string, outcome: Outcome): Promise<void>
}

/** Work that ends as the path says. It may be begun again by another engine, and ends there in the same way. */
export function heldWork(): Workers {
  return workers(async (_, outcome) => ended(await outcome))
}

/** Work that fails at once the first time it is begun. */
export function workFailingOnce(): Workers {
  const failed = new Set<string>()
  return workers(async ({ effect_id }, outcome) => {
    if (!failed.has(effect_id)) {
      failed.add(effect_id)
      throw new Error('the first attempt fails')
    }
    return ended(await outcome)
  })
}

type Run = (context: HandlerContext, outcome: Promise<Outcome>) => Promise<unknown>

const AT_ONCE = { max_attempts: 3, backoff_ms: 0, factor: 1, max_backoff_ms: 0 }

function workers(run: Run): Workers {
  const outcomes = new Map<string, PromiseWithResolvers<Outcome>>()
  const outcomeOf = (effect_id: string) => {
    const known = outcomes.get(effect_id) ?? Promise.withResolvers<Outcome>()
    outcomes.set(effect_id, known)
    return known
  }
  return {
    handlers: (sources) =>
      handlersFor(sources, {
        kind: 'durable',
        retry: AT_ONCE,
        run: (_, context) => Promise.race([run(context, outcomeOf(context.effect_id).promise), letGo(context.signal)]),
      }),
    async end(_, effect_id, outcome) {
      outcomeOf(effect_id).resolve(outcome)
    },
  }
}

// Work that is only asked to stop goes on until the path lets it end.
function letGo(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      if (signal.reason !== 'abort') reject(new Error('let go'))
    })
  })
}

// Under the name that local work has, or contexts that say who was last would differ.
const executor = systemPrincipal('default')

/** Work whose outcome is brought twice at once, by an executor that never heard the first answer. */
export function workBroughtTwice(): Workers & { readonly brought: readonly Delivery[] } {
  const held = new Map<string, number>()
  const brought: Delivery[] = []
  let sources: readonly string[] = []
  return {
    brought,
    handlers(all) {
      sources = all
      return handlersFor(all, { kind: 'remote' })
    },
    async end(engine, effect_id, outcome) {
      for (const { effect_id, attempt } of await engine.claim({ executor, sources, limit: 100 }))
        held.set(effect_id, attempt)
      const delivery = { effect_id, attempt: held.get(effect_id) ?? 0, outcome }
      brought.push(delivery)
      await Promise.all([bring(engine, delivery), bring(engine, delivery)])
    },
  }
}

export interface Delivery {
  readonly effect_id: string
  readonly attempt: number
  readonly outcome: Outcome
}

export async function bring(engine: Writes, { outcome, ...effect }: Delivery): Promise<void> {
  if ('done' in outcome) return engine.complete({ executor, ...effect, output: outcome.done })
  const { message } = outcome.error as { message: string }
  return engine.fail({ executor, ...effect, message, terminal: true })
}

function handlersFor(sources: readonly string[], registration: Handlers[string]): Handlers {
  return Object.fromEntries(sources.map((source) => [source, registration]))
}

function ended(outcome: Outcome): unknown {
  if ('done' in outcome) return outcome.done
  const { name, message, ...more } = outcome.error as { name: string; message: string }
  throw Object.assign(new Terminal(message), { name, ...more })
}
