/** A lease says who does a piece of work. It can run out while the work goes on, and outlive its server. */
import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import type { Principal } from '../../machines/definition.ts'
import type { HandlerRegistration } from '../../src/engine/types.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'
import { watched } from './support/watched.ts'

const machines = [parcelDefinition, orderDefinition]
const robot: Principal = { id: 'robot', kind: 'service', tenant: 'default', roles: ['executor'] }

/** Work that lasts until the test says how it ends. */
function heldWork() {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<{ shelf: string }>()
  let runs = 0
  const registration: HandlerRegistration = {
    kind: 'durable',
    run: () => {
      runs += 1
      begun.resolve()
      return end.promise
    },
  }
  return {
    registration,
    begun: begun.promise,
    runs: () => runs,
    end: (shelf: string) => end.resolve({ shelf }),
    fail: (error: Error) => end.reject(error),
  }
}

describe.each(testStores)('on $name', ({ open }) => {
  const order = (engine: TestEngine) => engine.start({ machine: 'order', input: { order_no: 'l-1' }, by: alice })

  async function working() {
    const opened = await open()
    const store = watched(opened.store)
    const held = heldWork()
    const clock = fakeClock()
    // Without heartbeats nothing prolongs the lease.
    const options = { handlers: orderHandlers(held.registration), clock, heartbeat_ms: 3_600_000 }
    const engine = engineOn(store, machines, options)
    await engine.open()
    const { instance_id } = await order(engine)
    await held.begun
    const runOut = () =>
      sql`update effects set leased_until = now() - interval '1 second'
        where leased_until is not null`.execute(store.db)
    const attempts = async () => {
      const { rows } = await sql<{ attempt: number; delivery: number }>`
        select attempt, delivery from effects where source = 'order.reserveStock'`.execute(store.db)
      return rows
    }
    return { ...opened, store, engine, clock, held, instance_id, runOut, attempts }
  }

  test('work whose lease ran out while it goes on here is not begun here again', async () => {
    const { store, engine, clock, held, instance_id, runOut, attempts } = await working()
    await runOut()
    const before = store.answered('what work is free')
    await vi.waitFor(
      async () => {
        await clock.advance(1_000)
        expect(store.answered('what work is free')).toBeGreaterThanOrEqual(before + 3)
      },
      { timeout: 5_000, interval: 5 },
    )
    expect(held.runs()).toBe(1)
    expect(await attempts()).toEqual([{ attempt: 1, delivery: 1 }])
    held.end('A1')
    expect((await engine.until(instance_id, ({ context }) => context.shelf !== null)).revision).toBe(3)
    expect(held.runs()).toBe(1)
  })

  test('who has lost the lease and fails does not take the attempt from the heir', async () => {
    const { again, engine, held, instance_id, runOut, attempts } = await working()
    await runOut()
    const inherited = heldWork()
    const heir = engineOn(await again(), machines, {
      handlers: orderHandlers(inherited.registration),
      clock: fakeClock(),
    })
    await heir.open()
    await inherited.begun
    held.fail(new Error('too late'))
    await vi.waitFor(() => expect(engine.log.lines.map(({ message }) => message)).toContain('an attempt failed'))
    await vi.waitFor(() => expect(engine.stats().running_effects).toBe(0))
    expect(await attempts()).toEqual([{ attempt: 1, delivery: 2 }])
    inherited.end('heir')
    expect((await heir.until(instance_id, ({ context }) => context.shelf !== null)).context.shelf).toBe('heir')
    expect(inherited.runs()).toBe(1)
  })

  test('what a remote executor holds stays its own when the server starts again', async () => {
    const { store, again } = await open()
    const handlers = orderHandlers({ kind: 'remote' })
    const before = engineOn(store, machines, { handlers })
    await before.open()
    const { instance_id } = await order(before)
    const [effect] = await before.claim({ executor: robot, sources: ['order.reserveStock'], limit: 1 })
    const { effect_id, attempt } = effect as NonNullable<typeof effect>
    await before.stop()

    const after = engineOn(await again(), machines, { handlers })
    await after.open()
    expect(await after.claim({ executor: robot, sources: ['order.reserveStock'], limit: 1 })).toEqual([])
    expect(await after.heartbeat({ executor: robot, effect_id, attempt })).toEqual({ abort: false })
    await after.complete({ executor: robot, effect_id, attempt, output: { shelf: 'R1' } })
    expect((await after.view(instance_id)).context.shelf).toBe('R1')
  })
})
