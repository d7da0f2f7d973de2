/** A server that opens while the system is halted waits with everybody else, and goes on when the halt is cleared. */
import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import type { Principal } from '../../machines/definition.ts'
import { catalogue } from '../../machines/index.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'
import { watched } from './support/watched.ts'

const machines = [
  ...catalogue.filter(({ machine }) => machine.id === 'orchestrator'),
  parcelDefinition,
  orderDefinition,
]
const robot: Principal = { id: 'robot', kind: 'service', tenant: 'default', roles: ['executor'] }
const MINUTE = 60_000

describe.each(testStores)('on $name', ({ open }) => {
  /** An order whose stock nobody has reserved yet, a halted system, and a server that has just opened. */
  async function openedWhileHalted(registration: Parameters<typeof orderHandlers>[0], later_ms = 0) {
    const { store, again } = await open()
    const firstClock = fakeClock()
    const first = engineOn(store, machines, { handlers: orderHandlers({ kind: 'remote' }), clock: firstClock })
    await first.open()
    const { instance_id } = await first.start({ machine: 'order', input: { order_no: 'h-1' }, by: alice })
    await first.halt('a drill', alice)
    await first.stop()

    const watchedStore = watched(await again())
    const clock = fakeClock(firstClock.now() + later_ms)
    const engine = engineOn(watchedStore, machines, { handlers: orderHandlers(registration), clock })
    await engine.open()
    /** Time passes until the server has looked three times for what there is to do. */
    async function lookedFor(question: Parameters<typeof watchedStore.answered>[0]) {
      const before = watchedStore.answered(question)
      await vi.waitFor(
        async () => {
          await clock.advance(1_000)
          expect(watchedStore.answered(question)).toBeGreaterThanOrEqual(before + 3)
        },
        { timeout: 5_000, interval: 5 },
      )
    }
    const clear = () => sql`update head set halted = false, halt_reason = null, halted_at = null`.execute(store.db)
    return { engine, clock, instance_id, lookedFor, clear }
  }

  test('no handler is started', async () => {
    let runs = 0
    const run = async () => {
      runs += 1
      return { shelf: 'A1' }
    }
    const { engine, clock, instance_id, lookedFor, clear } = await openedWhileHalted({ kind: 'durable', run })
    await lookedFor('what work is free')
    expect(runs).toBe(0)
    expect(engine.stats().running_effects).toBe(0)
    await clear()
    await clock.advance(1_000)
    await engine.until(instance_id, ({ context }) => context.shelf === 'A1')
    expect(runs).toBe(1)
  })

  test('no timer fires, though it is overdue', async () => {
    const { engine, clock, instance_id, lookedFor, clear } = await openedWhileHalted({ kind: 'remote' }, 20 * MINUTE)
    await lookedFor('which timers are due')
    expect(await engine.view(instance_id)).toMatchObject({ status: 'active', context: { reminders: 0 } })
    expect(engine.log.lines.filter(({ level }) => level === 'error')).toEqual([])
    await clear()
    await clock.advance(5_000)
    const expired = await engine.until(instance_id, ({ status }) => status === 'done')
    expect(expired).toMatchObject({ state: 'expired', context: { reminders: 1 } })
  })

  test('a remote executor is given nothing', async () => {
    const { engine, instance_id, clear } = await openedWhileHalted({ kind: 'remote' })
    const claim = () => engine.claim({ executor: robot, sources: ['order.reserveStock'], limit: 5 })
    expect(await claim()).toEqual([])
    await clear()
    const [effect] = await claim()
    expect(effect).toMatchObject({ instance_id, attempt: 1, delivery: 1 })
    await engine.complete({ executor: robot, ...(effect as NonNullable<typeof effect>), output: { shelf: 'R1' } })
    expect((await engine.view(instance_id)).context.shelf).toBe('R1')
  })
})
