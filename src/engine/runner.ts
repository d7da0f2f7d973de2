/**
 * Runs the durable handlers of this process. An effect is started as soon as the turn that owes it is durable,
 * when a place is free here; what is left over, or was dropped by a server that died, is claimed. Handlers run at
 * least once; their outcome counts once, because settling it compares the attempt (D23).
 */
import type { Principal } from '../../machines/definition.ts'
import { canonical } from '../ledger/canonical.ts'
import { claimEffects, type EffectRow, prolongLeases, retryLater } from '../store/effects.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { plainError } from './persisted.ts'
import type { Outcome } from './turn.ts'
import { type Handler, type HandlerRegistration, type Handlers, type RetryPolicy, Terminal } from './types.ts'

const DEFAULT_CONCURRENCY = 16
const DEFAULT_RETRY: RetryPolicy = { max_attempts: 3, backoff_ms: 200, factor: 2, max_backoff_ms: 30_000 }
const CLAIM_EVERY_MS = 1_000
/** How long a handler may take to heed its signal when the server stops. */
const LET_GO_MS = 10_000

export interface RunnerOptions {
  readonly store: Store
  readonly handlers: Handlers
  /** Names this start of this process in leases. */
  readonly holder: string
  readonly clock: Clock
  readonly log: Log
  readonly lease_s: number
  /** `machine@version` this process can step. */
  readonly known: readonly string[]
  readonly heartbeat_ms: number
  /** Delivers an outcome; resolves when it is durable or no longer counts. */
  readonly settle: (effect: Begun, outcome: Outcome, by: Principal) => Promise<void>
}

/** An effect as it is handed to a handler. */
export type Begun = Pick<
  EffectRow,
  | 'effect_id'
  | 'instance_id'
  | 'tenant'
  | 'child_id'
  | 'source'
  | 'payload'
  | 'attempt'
  | 'delivery'
  | 'abort_requested'
>

export function systemPrincipal(tenant: string): Principal {
  return { id: 'system', kind: 'system', tenant, roles: [] }
}

export class Runner {
  readonly #options: RunnerOptions
  readonly #places = new Map<string, number>()
  readonly #running = new Map<string, { abort: AbortController; done: Promise<void> }>()
  #cancelClaim = () => {}
  #cancelHeartbeat = () => {}
  #claiming: Promise<void> | undefined
  #claimAgain = false
  /** Whether there may be work nobody holds: then a place that becomes free is a reason to look. */
  #leftOver = false
  #open = false

  constructor(options: RunnerOptions) {
    this.#options = options
    for (const [source, registration] of Object.entries(options.handlers)) {
      if (registration.kind === 'durable') this.#places.set(source, registration.concurrency ?? DEFAULT_CONCURRENCY)
    }
  }

  get running(): number {
    return this.#running.size
  }

  open(): void {
    this.#open = true
    this.#claimRegularly()
    this.#beatRegularly()
  }

  /** Takes a place for an effect about to be written; false leaves it for anyone to claim. */
  reserve(source: string): boolean {
    const free = this.#places.get(source) ?? 0
    if (!this.#open || free === 0) {
      this.#leftOver = true
      return false
    }
    this.#places.set(source, free - 1)
    return true
  }

  release(source: string): void {
    this.#places.set(source, (this.#places.get(source) ?? 0) + 1)
  }

  /** Runs an effect whose place is already taken. A runner that has stopped leaves it to others. */
  begin(effect: Begun): void {
    if (!this.#open || this.#running.has(effect.effect_id)) {
      this.release(effect.source)
      return
    }
    const abort = new AbortController()
    const done = this.#run(effect, abort)
      .catch((cause) =>
        this.#options.log.error('an outcome could not be delivered', { cause, effect_id: effect.effect_id }),
      )
      .finally(() => {
        this.#running.delete(effect.effect_id)
        this.release(effect.source)
        if (this.#leftOver) this.claimSoon()
      })
    this.#running.set(effect.effect_id, { abort, done })
    // It may have been asked to stop before anybody had begun it.
    if (effect.abort_requested) abort.abort('abort')
  }

  /** Raises the signal of a handler that runs here; what it returns still counts when it is awaited. */
  abort(effect_id: string, reason: 'abort' | 'cancelled'): boolean {
    const running = this.#running.get(effect_id)
    running?.abort.abort(reason)
    return running !== undefined
  }

  /** Looks for work now: something became due, or another server asks. */
  claimSoon(): void {
    this.#claimAgain = true
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = undefined
      if (this.#claimAgain && this.#open) this.claimSoon()
    })
  }

  /** Asks the database which effects are still ours; raises the signal of those that are not. */
  async beat(): Promise<void> {
    if (this.#running.size === 0) return
    const { store, holder, lease_s } = this.#options
    const effect_ids = [...this.#running.keys()]
    const held = await prolongLeases(store.db, { holder, effect_ids, lease_s })
    const known = new Map(held.map((lease) => [lease.effect_id, lease]))
    for (const effect_id of effect_ids) {
      const lease = known.get(effect_id)
      if (!lease) this.abort(effect_id, 'cancelled')
      else if (lease.abort_requested) this.abort(effect_id, 'abort')
    }
  }

  /** Begins nothing more. */
  close(): void {
    this.#open = false
    this.#cancelClaim()
    this.#cancelHeartbeat()
  }

  /** Raises every signal and waits, not for ever, for the handlers to let go. Others take up their effects again. */
  async stop(): Promise<void> {
    this.close()
    await this.#claiming
    const running = [...this.#running.values()]
    for (const { abort } of running) abort.abort('stopping')
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(LET_GO_MS, () => {
      this.#options.log.warn('handlers did not let go', { effects: [...this.#running.keys()] })
      resolve()
    })
    await Promise.race([late, Promise.all(running.map(({ done }) => done))])
    cancel()
  }

  async #run(effect: Begun, abort: AbortController): Promise<void> {
    const { handlers, log } = this.#options
    const registration = handlers[effect.source]
    if (registration?.kind !== 'durable') throw new Error(`No handler does "${effect.source}" here`)
    let outcome: Outcome
    try {
      const output = await (registration.run as Handler<unknown>)(effect.payload, {
        effect_id: effect.effect_id,
        instance_id: effect.instance_id,
        tenant: effect.tenant,
        attempt: effect.attempt,
        delivery: effect.delivery,
        signal: abort.signal,
        log: (message, fields) =>
          log.info(message, { effect_id: effect.effect_id, instance_id: effect.instance_id, ...fields }),
      })
      // What came of work that this process was told to drop is not worth telling: the server is stopping.
      if (abort.signal.reason === 'stopping') return
      outcome = { done: output }
    } catch (error) {
      if (abort.signal.reason === 'stopping' || abort.signal.reason === 'cancelled') return
      // What was told to stop is not begun again: that it stopped is its outcome (D22).
      if (!abort.signal.aborted && (await this.#retried(effect, registration, error))) return
      outcome = { error: plainError(error) }
    }
    await this.#options.settle(effect, outcome, systemPrincipal(effect.tenant))
  }

  async #retried(effect: Begun, { retry = DEFAULT_RETRY }: { retry?: RetryPolicy }, error: unknown): Promise<boolean> {
    const { store, clock, log, holder } = this.#options
    log.warn('an attempt failed', {
      cause: error,
      effect_id: effect.effect_id,
      source: effect.source,
      attempt: effect.attempt,
    })
    if (error instanceof Terminal) return false
    const delay = backoff(retry, effect.attempt)
    if (delay === undefined) return false
    const due_at = new Date(clock.now() + delay).toISOString()
    await retryLater(store.db, { ...effect, holder, due_at, error: canonical(plainError(error)) })
    clock.after(delay, () => this.claimSoon())
    return true
  }

  async #claim(): Promise<void> {
    const { store, holder, lease_s, known, clock, log } = this.#options
    while (this.#claimAgain && this.#open) {
      this.#claimAgain = false
      const room = Object.fromEntries([...this.#places].filter(([, free]) => free > 0))
      if (Object.keys(room).length === 0) return
      for (const source of Object.keys(room)) this.#places.set(source, 0)
      const running = [...this.#running.keys()]
      const now = new Date(clock.now()).toISOString()
      let claimed: readonly EffectRow[] = []
      try {
        claimed = await claimEffects(store.db, { holder, room, lease_s, known, running, now })
      } catch (cause) {
        log.warn('work could not be claimed', { cause })
      }
      for (const [source, free] of Object.entries(room)) {
        this.#places.set(
          source,
          (this.#places.get(source) ?? 0) + free - claimed.filter((row) => row.source === source).length,
        )
      }
      this.#leftOver = Object.entries(room).some(
        ([source, free]) => claimed.filter((row) => row.source === source).length === free,
      )
      for (const row of claimed) this.begin(row)
    }
  }

  #claimRegularly(): void {
    this.claimSoon()
    if (this.#open) this.#cancelClaim = this.#options.clock.after(CLAIM_EVERY_MS, () => this.#claimRegularly())
  }

  #beatRegularly(): void {
    const { clock, heartbeat_ms, log } = this.#options
    this.#cancelHeartbeat = clock.after(heartbeat_ms, () => {
      this.beat()
        .catch((cause) => log.warn('leases could not be prolonged', { cause }))
        .finally(() => this.#open && this.#beatRegularly())
    })
  }
}

/** ms until the next attempt; undefined when the policy allows none. */
export function backoff(retry: RetryPolicy, attempt: number): number | undefined {
  if (attempt >= retry.max_attempts) return undefined
  return Math.min(retry.max_backoff_ms, retry.backoff_ms * retry.factor ** (attempt - 1))
}

export function retryOf(registration: HandlerRegistration | undefined): RetryPolicy {
  return (registration?.kind !== 'inline' && registration?.retry) || DEFAULT_RETRY
}
