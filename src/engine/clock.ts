/** Time as the engine sees it; tests bring their own. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Calls back once, after at least that many ms; returns what cancels it. */
  after(ms: number, call: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
