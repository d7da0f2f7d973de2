/** Wakes readers when something was committed, here or, as far as it is told, by another server. */
import type { Clock } from './clock.ts'

export class News {
  readonly #clock: Clock
  #waiting = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  arrived(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const wake of waiting) wake()
  }

  /** Resolves at the next commit, after the timeout, or when the signal is raised, whichever comes first. */
  next(timeout_ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel()
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      const cancel = this.#clock.after(timeout_ms, wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted) wake()
      else this.#waiting.add(wake)
    })
  }
}
