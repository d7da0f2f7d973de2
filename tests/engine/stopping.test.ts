/** A server that stops lets go of everything: what it did not begin is begun by the next one. */
import { describe, expect, test, vi } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [parcelDefinition, orderDefinition]

/** A store whose commits are made at once, and answered when the test says so. */
function slowToAnswer(store: Store) {
  const made = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  return {
    made: made.promise,
    answer: () => answered.resolve(),
    store: {
      ...store,
      async commit(batch) {
        const verdict = await store.commit(batch)
        made.resolve()
        await answered.promise
        return verdict
      },
    } satisfies Store,
  }
}

describe.each(testStores)('on $name', ({ open }) => {
  const order = (engine: TestEngine) => engine.start({ machine: 'order', input: { order_no: 's-1' }, by: alice })

  test('a turn that is under way when the server stops is finished, and its work left to the next server', async () => {
    const { store, again } = await open()
    const slow = slowToAnswer(store)
    let runs = 0
    const engine = engineOn(slow.store, machines, {
      handlers: orderHandlers({
        kind: 'durable',
        run: async () => {
          runs += 1
          return { shelf: 'stopped' }
        },
      }),
    })
    await engine.open()
    const started = order(engine)
    await slow.made
    const stopped = engine.stop()
    slow.answer()
    const { instance_id } = await started
    await stopped
    expect(engine.stats().running_effects).toBe(0)
    const next = engineOn(await again(), machines, { handlers: orderHandlers() })
    await next.open()
    await next.until(instance_id, ({ context }) => context.shelf === 'A1')
    expect(runs).toBe(0)
  })

  test('a handler that does not heed its signal is waited for, but not for ever', async () => {
    const { store, again } = await open()
    const clock = fakeClock()
    const begun = Promise.withResolvers<AbortSignal>()
    const engine = engineOn(store, machines, {
      clock,
      handlers: orderHandlers({
        kind: 'durable',
        run: (_, { signal }) => {
          begun.resolve(signal)
          return new Promise(() => {})
        },
      }),
    })
    await engine.open()
    const { instance_id } = await order(engine)
    const signal = await begun.promise
    let done = false
    const stopped = engine.stop().then(() => {
      done = true
    })
    await vi.waitFor(() => expect(signal.reason).toBe('stopping'))
    await clock.advance(9_000)
    expect(done).toBe(false)
    await clock.advance(1_000)
    await stopped
    expect(engine.log.lines.map(({ message }) => message)).toContain('handlers did not let go')
    const next = engineOn(await again(), machines, { handlers: orderHandlers() })
    await next.open()
    await next.until(instance_id, ({ context }) => context.shelf === 'A1')
  })

  test('who asks a second time for it to stop waits as long as who asked first', async () => {
    const { store } = await open()
    const slow = slowToAnswer(store)
    const engine = engineOn(slow.store, machines, { handlers: orderHandlers() })
    await engine.open()
    const started = order(engine)
    await slow.made
    const returned: string[] = []
    const first = engine.stop().then(() => returned.push('first'))
    const second = engine.stop().then(() => returned.push('second'))
    slow.answer()
    await Promise.all([started, first, second])
    expect(returned).toEqual(['first', 'second'])
  })

  test('nothing is taken any more once it is stopping', async () => {
    const { store } = await open()
    const engine = engineOn(store, machines, { handlers: orderHandlers() })
    await engine.open()
    await engine.stop()
    await expect(order(engine)).rejects.toMatchObject({ code: 'STOPPING', fields: { retry_after_s: 1 } })
    expect(await engine.count({ tenant: 'default', machines: ['order'] })).toBe(0)
  })
})
