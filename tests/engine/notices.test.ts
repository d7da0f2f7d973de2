/** What servers tell each other: that something was written, and that work elsewhere is to stop. */
import { describe, expect, test, vi } from 'vitest'
import { counterDefinition } from '../examples/counter.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'
import { ownDatabase, terminate } from './support/database.ts'
import { watched } from './support/watched.ts'

const machines = [parcelDefinition, orderDefinition]

describe.each(testStores)('on $name', ({ open }) => {
  async function order(registration?: Parameters<typeof orderHandlers>[0]) {
    const store = watched((await open()).store)
    const engine = engineOn(store, machines, { handlers: orderHandlers(registration), clock: fakeClock() })
    await engine.open()
    const { instance_id } = await engine.start({ machine: 'order', input: { order_no: 'n-1' }, by: alice })
    const tell = (type: string) => engine.send({ instance_id, event: { type }, by: alice })
    const told = (topic: string) => store.notices.filter((one) => one === topic).length
    return { engine, instance_id, tell, told }
  }

  test('leaving a state with timers asks nobody to stop', async () => {
    const { engine, instance_id, tell, told } = await order()
    await engine.until(instance_id, ({ context }) => context.shelf !== null)
    await tell('order.paused')
    await tell('order.resumed')
    await vi.waitFor(() => expect(told('commit')).toBeGreaterThan(0))
    await tell('order.cancelled')
    expect(told('abort')).toBe(0)
  })

  test('leaving a state with work that is done elsewhere asks for it to stop', async () => {
    const { tell, told } = await order({ kind: 'remote' })
    await tell('order.cancelled')
    await vi.waitFor(() => expect(told('abort')).toBe(1))
  })

  test('leaving a state with work that is done here tells the work itself, and nobody else', async () => {
    const begun = Promise.withResolvers<AbortSignal>()
    const { tell, told } = await order({
      kind: 'durable',
      run: (_, { signal }) => {
        begun.resolve(signal)
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('let go'))))
      },
    })
    const signal = await begun.promise
    await tell('order.cancelled')
    expect(signal.reason).toBe('cancelled')
    expect(told('abort')).toBe(0)
  })
})

describe('on postgres', () => {
  test('a server whose listening connection was ended hears of the commits of others again', async () => {
    const database = await ownDatabase()
    const beside = await database.connect()
    // Its clock stands still, so only a notice can wake who waits on it.
    const here = engineOn(await database.open(), [counterDefinition], { clock: fakeClock() })
    const there = engineOn(await database.open(), [counterDefinition])
    await here.open()
    await there.open()
    const { instance_id } = await there.start({ machine: 'counter', input: { note: 'n' }, by: alice })
    const heardAgain = async () => {
      let heard = false
      void here.nextCommit(60_000, new AbortController().signal).then(() => {
        heard = true
      })
      await vi.waitFor(
        async () => {
          await there.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })
          expect(heard).toBe(true)
        },
        { timeout: 8_000, interval: 50 },
      )
    }
    await heardAgain()
    for (let time = 0; time < 2; time++) {
      expect(await terminate(beside, 'chancery listener')).toBe(2)
      await heardAgain()
      await vi.waitFor(async () => {
        const { rowCount } = await beside.query(
          `select from pg_stat_activity where datname = current_database() and application_name = 'chancery listener'`,
        )
        expect(rowCount).toBe(2)
      }, 5_000)
    }
  })
})
