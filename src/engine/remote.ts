/**
 * Work done by executors elsewhere, in any language: they claim effects whose handler is declared remote, keep them
 * alive, and bring the outcome. The rows and rules are those of local work (D23).
 */
import type { Principal } from '../../machines/definition.ts'
import { canonical } from '../ledger/canonical.ts'
import { Refusal } from '../refusal.ts'
import { claimEffects, type EffectRow, effectNamed, prolongLeases, retryLater } from '../store/effects.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import { type Begun, backoff, retryOf } from './runner.ts'
import type { Outcome } from './turn.ts'
import type { Handlers, Writes } from './types.ts'

export interface RemoteOptions {
  readonly store: Store
  readonly known: readonly string[]
  readonly handlers: Handlers
  readonly clock: Clock
  readonly lease_s: number
  readonly deliver: (effect: Begun, outcome: Outcome, by: Principal) => Promise<void>
}

type RemoteWork = Pick<Writes, 'claim' | 'heartbeat' | 'complete' | 'fail'>

export function remoteWork({ store, known, handlers, clock, lease_s, deliver }: RemoteOptions): RemoteWork {
  const { db } = store

  async function held(executor: Principal, effect_id: string, attempt: number): Promise<EffectRow> {
    const effect = await effectNamed(db, effect_id)
    if (!effect || effect.tenant !== executor.tenant)
      throw new Refusal('EFFECT_NOT_FOUND', `There is no effect "${effect_id}"`, { effect_id })
    if (effect.settled_at !== null || effect.attempt !== attempt || effect.leased_by !== executor.id) {
      throw new Refusal(
        'EFFECT_NOT_HELD',
        `Attempt ${attempt} of effect "${effect_id}" is not held by "${executor.id}"`,
        {
          ...{ effect_id, attempt: effect.attempt, settled: effect.settled_at !== null },
        },
      )
    }
    return effect
  }

  return {
    async claim({ executor, sources, limit }) {
      const foreign = sources.filter((source) => handlers[source]?.kind !== 'remote')
      if (foreign.length > 0) {
        throw new Refusal('INVALID_REQUEST', `Not done by remote executors: ${foreign.join(', ')}`, {
          errors: foreign.map((source) => ({ field: 'sources', message: `"${source}" is not a remote source` })),
        })
      }
      const now = new Date(clock.now()).toISOString()
      const claimed: EffectRow[] = []
      for (const source of sources) {
        const room = { [source]: limit - claimed.length }
        if (claimed.length < limit)
          claimed.push(
            ...(await claimEffects(db, {
              holder: executor.id,
              tenant: executor.tenant,
              room,
              now,
              lease_s,
              known,
              running: [],
            })),
          )
      }
      return claimed.map(({ effect_id, instance_id, source, payload, attempt, delivery, leased_until }) => ({
        ...{ effect_id, instance_id, source, input: payload, attempt, delivery },
        leased_until: (leased_until as Date).toISOString(),
      }))
    },
    async heartbeat({ executor, effect_id, attempt }) {
      await held(executor, effect_id, attempt)
      const [lease] = await prolongLeases(db, { holder: executor.id, effect_ids: [effect_id], lease_s })
      return { abort: lease?.abort_requested ?? true }
    },
    async complete({ executor, effect_id, attempt, output }) {
      const effect = await held(executor, effect_id, attempt)
      return deliver(effect, { done: output }, executor)
    },
    async fail({ executor, effect_id, attempt, message, terminal }) {
      const effect = await held(executor, effect_id, attempt)
      const error = { name: 'RemoteFailure', message }
      const delay = terminal ? undefined : backoff(retryOf(handlers[effect.source]), attempt)
      if (delay === undefined) return deliver(effect, { error }, executor)
      const due_at = new Date(clock.now() + delay).toISOString()
      await retryLater(db, { effect_id, attempt, holder: executor.id, due_at, error: canonical(error) })
    },
  }
}
