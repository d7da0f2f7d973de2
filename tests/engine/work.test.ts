/** Effects across deaths and servers: run at least once, counted exactly once. */
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Principal } from '../../machines/definition.ts'
import { type HandlerRegistration, Terminal } from '../../src/engine/types.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [parcelDefinition, orderDefinition]

/** Work that waits until the test lets it end. */
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
  return { registration, begun: begun.promise, end: (shelf: string) => end.resolve({ shelf }), runs: () => runs }
}

describe.each(testStores)('on $name', ({ open }) => {
  const order = (engine: ReturnType<typeof engineOn>) =>
    engine.start({ machine: 'order', input: { order_no: 'w-1' }, by: alice })

  test('work a dead server held is done by the next, and its late outcome changes nothing', async () => {
    const { store, again } = await open()
    const lost = heldWork()
    const dead = engineOn(store, machines, { handlers: orderHandlers(lost.registration) })
    await dead.open()
    const { instance_id } = await order(dead)
    await lost.begun

    const other = await again()
    await sql`update effects set leased_until = now() - interval '1 second' where leased_by is not null`.execute(
      other.db,
    )
    const heir = engineOn(other, machines, {
      handlers: orderHandlers({ kind: 'durable', run: async (_, { delivery }) => ({ shelf: `heir ${delivery}` }) }),
    })
    await heir.open()
    await heir.until(instance_id, ({ context }) => context.shelf !== null)

    lost.end('dead')
    await order(dead)
    const { context, revision } = await heir.view(instance_id)
    expect(context.shelf).toBe('heir 2')
    expect(revision).toBe(3)
    await Promise.all([dead.stop(), heir.stop()])
  })

  test('no more of a source run at once than its places allow, and the rest follow', async () => {
    const { store } = await open()
    let running = 0
    let most = 0
    const engine = engineOn(store, machines, {
      handlers: orderHandlers({
        kind: 'durable',
        concurrency: 3,
        run: async () => {
          running += 1
          most = Math.max(most, running)
          await new Promise((resolve) => setImmediate(resolve))
          running -= 1
          return { shelf: 'A1' }
        },
      }),
    })
    await engine.open()
    const orders = await Promise.all(Array.from({ length: 20 }, () => order(engine)))
    for (const { instance_id } of orders) await engine.until(instance_id, ({ context }) => context.shelf !== null)
    expect(most).toBeLessThanOrEqual(3)
    await engine.stop()
  })

  test('an error that trying again cannot help is not tried again', async () => {
    const { store } = await open()
    let attempts = 0
    const engine = engineOn(store, machines, {
      handlers: orderHandlers({
        kind: 'durable',
        run: async () => {
          attempts += 1
          throw new Terminal('the shop is closed')
        },
      }),
    })
    await engine.open()
    const { instance_id } = await order(engine)
    const failed = await engine.until(instance_id, ({ status }) => status === 'done')
    expect(attempts).toBe(1)
    expect(failed.context.problem).toContain('the shop is closed')
    await engine.stop()
  })

  test('a server that stops hands its work back at once', async () => {
    const { store, again } = await open()
    const held = heldWork()
    const first = engineOn(store, machines, { handlers: orderHandlers(held.registration) })
    await first.open()
    const { instance_id } = await order(first)
    await held.begun
    const stopped = first.stop()
    held.end('too late')
    await stopped

    const second = engineOn(await again(), machines, { handlers: orderHandlers() })
    await second.open()
    expect((await second.until(instance_id, ({ context }) => context.shelf !== null)).context.shelf).toBe('A1')
    await second.stop()
  })

  test('timers that fell due during an outage fire late, but once', async () => {
    const { store, again } = await open()
    const before = engineOn(store, machines, { handlers: orderHandlers(), clock: fakeClock() })
    await before.open()
    const { instance_id } = await order(before)
    await before.until(instance_id, ({ context }) => context.shelf !== null)
    await before.stop()

    const later = fakeClock(Date.parse('2026-01-02T00:00:00.000Z'))
    const servers = [engineOn(await again(), machines, { handlers: orderHandlers(), clock: later })]
    for (const server of servers) await server.open()
    const [server] = servers as [ReturnType<typeof engineOn>]
    const expired = await server.until(instance_id, ({ status }) => status === 'done')
    expect(expired).toMatchObject({ state: 'expired', context: { reminders: 1 } })
    const types = (await server.journal('default', instance_id, 1, 50)).map(({ event }) => event?.type)
    expect(types.filter((type) => type?.startsWith('xstate.after'))).toHaveLength(1)
    await server.stop()
  })

  describe('remote executors', () => {
    const robot: Principal = { id: 'robot', kind: 'service', tenant: 'default', roles: ['executor'] }
    async function remote() {
      const { store } = await open()
      const clock = fakeClock()
      const retry = { max_attempts: 2, backoff_ms: 1_000, factor: 1, max_backoff_ms: 1_000 }
      const engine = engineOn(store, machines, { handlers: orderHandlers({ kind: 'remote', retry }), clock })
      await engine.open()
      const { instance_id } = await order(engine)
      const claim = () => engine.claim({ executor: robot, sources: ['order.reserveStock'], limit: 5 })
      return { engine, clock, instance_id, claim }
    }

    test('claim, keep alive, complete: the chart goes on, and a second outcome does not count', async () => {
      const { engine, instance_id, claim } = await remote()
      const [effect] = await claim()
      expect(effect).toMatchObject({
        instance_id,
        source: 'order.reserveStock',
        input: { order_no: 'w-1' },
        attempt: 1,
      })
      expect(await claim()).toEqual([])
      const { effect_id, attempt } = effect as NonNullable<typeof effect>
      expect(await engine.heartbeat({ executor: robot, effect_id, attempt })).toEqual({ abort: false })
      await engine.complete({ executor: robot, effect_id, attempt, output: { shelf: 'R1' } })
      expect((await engine.view(instance_id)).context.shelf).toBe('R1')
      await expect(
        engine.complete({ executor: robot, effect_id, attempt, output: { shelf: 'R2' } }),
      ).rejects.toMatchObject({ code: 'EFFECT_NOT_HELD' })
      await engine.stop()
    })

    test('failures are tried again, then reach the chart', async () => {
      const { engine, clock, instance_id, claim } = await remote()
      const fail = async () => {
        const [effect] = await claim()
        const { effect_id, attempt } = effect as NonNullable<typeof effect>
        await engine.fail({ executor: robot, effect_id, attempt, message: 'jammed', terminal: false })
        return attempt
      }
      expect(await fail()).toBe(1)
      expect(await claim()).toEqual([])
      await clock.advance(1_000)
      expect(await fail()).toBe(2)
      expect(await engine.view(instance_id)).toMatchObject({
        state: 'failed',
        context: { problem: expect.stringContaining('jammed') },
      })
      await engine.stop()
    })

    test('others cannot touch what they do not hold, nor claim what is not theirs to do', async () => {
      const { engine, claim } = await remote()
      const [effect] = await claim()
      const { effect_id, attempt } = effect as NonNullable<typeof effect>
      const thief = { ...robot, id: 'thief' }
      await expect(engine.heartbeat({ executor: thief, effect_id, attempt })).rejects.toMatchObject({
        code: 'EFFECT_NOT_HELD',
      })
      await expect(
        engine.complete({ executor: { ...robot, tenant: 'other' }, effect_id, attempt, output: {} }),
      ).rejects.toMatchObject({ code: 'EFFECT_NOT_FOUND' })
      await expect(engine.claim({ executor: robot, sources: ['order.price'], limit: 1 })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      })
      await engine.stop()
    })
  })
})
