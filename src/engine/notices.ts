/**
 * Tells the other servers that there is something new: the first time at once, then at most every few ms, however
 * often it happens. A notice costs a round trip and a transaction of its own, as much as a small commit.
 */
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

const PAUSE_MS = 20

export interface NoticesOptions {
  readonly tell: () => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

export class Notices {
  readonly #options: NoticesOptions
  #resting = false
  #again = false
  #cancelRest = () => {}

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  due(): void {
    if (this.#resting) {
      this.#again = true
      return
    }
    this.#resting = true
    this.#cancelRest = this.#options.clock.after(PAUSE_MS, () => {
      this.#resting = false
      if (this.#again) this.due()
    })
    void this.#tell()
  }

  /** Says what is still to be said. */
  async stop(): Promise<void> {
    this.#cancelRest()
    if (this.#again) await this.#tell()
  }

  async #tell(): Promise<void> {
    const { tell, log } = this.#options
    this.#again = false
    await tell().catch((cause) => log.warn('servers could not be told', { cause }))
  }
}
