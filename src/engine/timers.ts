/** One sleeper per process: it waits for the nearest timer, fires what is due, and sleeps again. Late, but once. */
import { dueTimers, type EffectRow, nextTimerDue } from '../store/effects.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** setTimeout overflows beyond 24.8 days; other servers' timers must be seen some time too (D28). */
const LONGEST_SLEEP_MS = 5_000
const AT_ONCE = 500
const AFTER_FAILURE_MS = 1_000

export interface TimersOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** `machine@version` this process can step. */
  readonly known: readonly string[]
  readonly fire: (timer: EffectRow) => Promise<void>
}

export class Timers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #fire: (timer: EffectRow) => Promise<void>
  readonly #known: readonly string[]
  #cancel = () => {}
  #nearest = Number.POSITIVE_INFINITY
  #firing: Promise<void> | undefined
  #open = false

  constructor(options: TimersOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#known = options.known
    this.#fire = options.fire
  }

  open(): void {
    this.#open = true
    this.#wake()
  }

  /** A timer was written that is due then (ms since 1970). */
  expect(due_at: number): void {
    if (due_at >= this.#nearest) return
    this.#nearest = due_at
    if (!this.#firing) this.#sleep()
  }

  async stop(): Promise<void> {
    this.#open = false
    this.#cancel()
    await this.#firing
  }

  #sleep(): void {
    this.#cancel()
    if (!this.#open) return
    const ms = Math.min(this.#nearest - this.#clock.now(), LONGEST_SLEEP_MS)
    this.#cancel = this.#clock.after(Math.max(0, ms), () => this.#wake())
  }

  #wake(): void {
    this.#firing ??= this.#fireDue().finally(() => {
      this.#firing = undefined
      this.#sleep()
    })
  }

  async #fireDue(): Promise<void> {
    const now = new Date(this.#clock.now()).toISOString()
    this.#nearest = Number.POSITIVE_INFINITY
    try {
      let failed = false
      let page: EffectRow[] = []
      do {
        page = await dueTimers(this.#store.db, { now, known: this.#known, after: page.at(-1), limit: AT_ONCE })
        const fired = await Promise.all(page.map((timer) => this.#fireOne(timer)))
        failed ||= fired.includes(false)
      } while (page.length === AT_ONCE && this.#open)
      const next = await nextTimerDue(this.#store.db, now)
      if (next) this.#nearest = Math.min(this.#nearest, next.getTime())
      if (failed) this.#nearest = Math.min(this.#nearest, this.#clock.now() + AFTER_FAILURE_MS)
    } catch (cause) {
      this.#log.warn('timers could not be read', { cause })
    }
  }

  /** False when it is to be tried again. */
  async #fireOne(timer: EffectRow): Promise<boolean> {
    try {
      await this.#fire(timer)
      return true
    } catch (cause) {
      this.#log.error('a timer could not fire', { cause, effect_id: timer.effect_id })
      return false
    }
  }
}
