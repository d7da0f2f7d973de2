/** A clock that stands still until it is told to go on. */
import type { Clock } from '../../src/engine/clock.ts'

export interface FakeClock extends Clock {
  /** Moves on, calling what falls due in order, and lets what was called get going. */
  advance(ms: number): Promise<void>
}

export function fakeClock(start = Date.parse('2026-01-01T00:00:00.000Z')): FakeClock {
  let now = start
  let made = 0
  const waiting = new Map<number, { at: number; call: () => void }>()
  return {
    now: () => now,
    after(ms, call) {
      const id = made++
      // What is due already does not wait for time to move.
      if (ms <= 0) {
        const soon = setImmediate(call)
        return () => clearImmediate(soon)
      }
      waiting.set(id, { at: now + ms, call })
      return () => waiting.delete(id)
    },
    async advance(ms) {
      const until = now + ms
      for (;;) {
        const due = [...waiting].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0]
        if (!due) break
        const [id, { at, call }] = due
        waiting.delete(id)
        now = Math.max(now, at)
        call()
        await new Promise((resolve) => setImmediate(resolve))
      }
      now = until
    },
  }
}
