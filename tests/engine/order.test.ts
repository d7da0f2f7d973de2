/** Everything a chart can ask of its host, on both databases. */
import { describe, expect, test } from 'vitest'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [parcelDefinition, orderDefinition]

describe.each(testStores)('an order on $name', ({ open }) => {
  async function shop(handlers = orderHandlers()) {
    const { store } = await open()
    const clock = fakeClock()
    const engine = engineOn(store, machines, { handlers, clock })
    await engine.open()
    const order = async (order_no: string, neighbour_id: string | null = null) => {
      const { instance_id } = await engine.start({ machine: 'order', input: { order_no, neighbour_id }, by: alice })
      return instance_id
    }
    const tell = (instance_id: string, type: string, more = {}) =>
      engine.send({ instance_id, event: { type, ...more }, by: alice })
    return { engine, clock, order, tell }
  }

  test('works in both regions at once and ships when both are done', async () => {
    const { engine, order, tell } = await shop()
    const id = await order('o-1')
    await engine.until(id, ({ context }) => context.shelf === 'A1')
    await tell(id, 'payment.received', { amount: 3 })
    const shipping = await engine.view(id)
    expect(shipping).toMatchObject({ state: 'shipping', context: { on_the_way: true }, tags: [] })

    const parcel = shipping.children.parcel?.id as string
    expect(await engine.view(parcel)).toMatchObject({ machine: 'parcel', parent_id: id, state: 'packed' })
    await tell(parcel, 'parcel.delivered', { signed_by: 'bob' })
    expect(await engine.view(id)).toMatchObject({ status: 'done', state: 'done', context: { signed_by: 'bob' } })
    expect(await engine.verifyChain()).toMatchObject({ valid: true, broken_at: null })
    await engine.stop()
  })

  test('a parcel and its order are written by one seal', async () => {
    const { engine, order, tell } = await shop()
    const id = await order('o-2')
    await engine.until(id, ({ context }) => context.shelf !== null)
    const before = (await engine.head()).number
    await tell(id, 'payment.received', { amount: 3 })
    expect((await engine.head()).number).toBe(before + 1)
    await engine.stop()
  })

  test('history brings a paused order back to where both regions were', async () => {
    const { engine, order, tell } = await shop()
    const id = await order('o-3')
    await engine.until(id, ({ context }) => context.shelf !== null)
    await tell(id, 'order.paused')
    expect((await engine.view(id)).state).toBe('paused')
    await tell(id, 'order.resumed')
    expect((await engine.view(id)).state).toEqual({ open: { goods: 'reserved', money: 'awaiting' } })
    await engine.stop()
  })

  test('an unpaid order expires after fifteen minutes, reminded once on the way', async () => {
    const { engine, clock, order } = await shop()
    const id = await order('o-4')
    await engine.until(id, ({ context }) => context.shelf !== null)
    await clock.advance(60_000)
    await engine.until(id, ({ context }) => context.reminders === 1)
    await clock.advance(13 * 60_000)
    expect((await engine.view(id)).status).toBe('active')
    await clock.advance(60_000)
    expect((await engine.until(id, ({ status }) => status === 'done')).state).toBe('expired')
    expect((await engine.view(id)).context.reminders).toBe(1)
    await engine.stop()
  })

  test('leaving a state takes its timers and its work along', async () => {
    const stalled = Promise.withResolvers<AbortSignal>()
    const { engine, clock, order, tell } = await shop(
      orderHandlers({
        kind: 'durable',
        run: (_, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('let go')))
            stalled.resolve(signal)
          }),
      }),
    )
    const id = await order('o-5')
    const signal = await stalled.promise
    await tell(id, 'order.cancelled')
    expect(signal).toMatchObject({ aborted: true, reason: 'cancelled' })
    await clock.advance(20 * 60_000)
    const { state, revision } = await engine.view(id)
    expect({ state, revision }).toEqual({ state: 'cancelled', revision: 3 })
    await engine.stop()
  })

  test('stopping a parent stops its children, on record', async () => {
    const { engine, order, tell } = await shop()
    const id = await order('o-6')
    await engine.until(id, ({ context }) => context.shelf !== null)
    await tell(id, 'payment.received', { amount: 1 })
    const parcel = (await engine.view(id)).children.parcel?.id as string
    await tell(id, 'order.cancelled')
    expect(await engine.view(parcel)).toMatchObject({ status: 'stopped' })
    expect((await engine.journal('default', parcel, 2, 1))[0]?.event).toEqual({ type: 'xstate.stop' })
    await engine.stop()
  })

  test('work that fails is tried again with growing pauses, and its last error reaches the chart', async () => {
    let attempts = 0
    const { engine, clock, order } = await shop(
      orderHandlers({
        kind: 'durable',
        run: async () => {
          attempts += 1
          throw new Error(`shelf ${attempts} is empty`)
        },
        retry: { max_attempts: 3, backoff_ms: 1_000, factor: 2, max_backoff_ms: 60_000 },
      }),
    )
    const id = await order('o-7')
    const attempted = async (wanted: number) => {
      for (let i = 0; i < 500 && attempts < wanted; i++) {
        await clock.advance(10)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return attempts
    }
    expect(await attempted(3)).toBe(3)
    expect(clock.now() - Date.parse((await engine.view(id)).created_at)).toBeGreaterThanOrEqual(3_000)
    const failed = await engine.until(id, ({ status }) => status === 'done')
    expect(failed.state).toBe('failed')
    expect(failed.context.problem).toContain('shelf 3 is empty')
    await engine.stop()
  })

  test('an outcome that does not fit what the chart declared is an error to the chart', async () => {
    const { engine, order } = await shop(orderHandlers({ kind: 'durable', run: async () => ({ rack: 7 }) }))
    const id = await order('o-8')
    const failed = await engine.until(id, ({ status }) => status === 'done')
    expect(failed.context.problem).toContain('InvalidOutcome')
    await engine.stop()
  })

  test('text no database would take arrives visibly altered', async () => {
    const { engine, order } = await shop(orderHandlers({ kind: 'durable', run: async () => ({ shelf: 'A\0\ud800' }) }))
    const id = await order('o-9')
    expect((await engine.until(id, ({ context }) => context.shelf !== null)).context.shelf).toBe('A\\u0000\ufffd')
    await engine.stop()
  })

  describe('between neighbours', () => {
    async function neighbours() {
      const shopped = await shop()
      const neighbour = await shopped.order('n-1')
      const id = await shopped.order('n-2', neighbour)
      return { ...shopped, neighbour, id }
    }

    test('a greeting is part of the same turn', async () => {
      const { engine, neighbour, id, tell } = await neighbours()
      await tell(neighbour, 'order.paused')
      await tell(id, 'neighbour.greet')
      expect((await engine.view(neighbour)).context.greeted_by).toBe('n-2')
      await engine.stop()
    })

    test('one that is not taken refuses the whole turn', async () => {
      const { engine, id, tell } = await neighbours()
      const before = await engine.view(id)
      await expect(tell(id, 'neighbour.greet')).rejects.toMatchObject({ code: 'EVENT_NOT_ACCEPTED' })
      expect((await engine.view(id)).context.notes).toBe(before.context.notes)
      await engine.stop()
    })

    test('one that may be ignored does not', async () => {
      const { engine, neighbour, id, tell } = await neighbours()
      await expect(tell(id, 'neighbour.greet_if_welcome')).resolves.toMatchObject({ repeated: false })
      expect((await engine.view(neighbour)).context.greeted_by).toBeNull()
      await engine.stop()
    })

    test('one to a finished neighbour is dropped, and the journal says so', async () => {
      const { engine, neighbour, id, tell } = await neighbours()
      await tell(neighbour, 'order.cancelled')
      const { revision } = await tell(id, 'neighbour.greet')
      const [entry] = await engine.journal('default', id, revision, 1)
      expect(entry?.dropped).toEqual([`greeting -> ${neighbour}`])
      await engine.stop()
    })
  })

  test('what it was at any revision can be seen again', async () => {
    const { engine, order, tell } = await shop()
    const id = await order('o-10')
    await engine.until(id, ({ context }) => context.shelf !== null)
    for (let i = 0; i < 3; i++) await tell(id, 'note.added')
    const { revision } = await engine.view(id)
    expect((await engine.instanceAt('default', id, revision - 2))?.context.notes).toBe(1)
    expect(await engine.instanceAt('default', id, revision)).toEqual(await engine.view(id))
    expect(await engine.instanceAt('default', id, revision + 1)).toBeNull()
    await engine.stop()
  })

  test('events it does not take are refused, with those it would', async () => {
    const { engine, order, tell } = await shop()
    const id = await order('o-11')
    await expect(tell(id, 'order.resumed')).rejects.toMatchObject({
      code: 'EVENT_NOT_ACCEPTED',
      fields: { accepts: expect.arrayContaining(['note.added', 'order.paused']) },
    })
    await tell(id, 'order.cancelled')
    await expect(tell(id, 'note.added')).rejects.toMatchObject({ code: 'INSTANCE_FINISHED' })
    await expect(tell('01890a5d-ac96-774b-bcce-b302099a8057', 'note.added')).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    })
    await engine.stop()
  })
})
