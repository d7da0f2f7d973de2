/** What one machine says to another is held to the same schemas as what a caller says. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { letterboxDefinition } from '../examples/letterbox.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const pickyParcel = { ...parcelDefinition, input: z.strictObject({ order_no: z.string().startsWith('p-') }) }

describe.each(testStores)('on $name', ({ open }) => {
  test('an event that does not fit the schema of its receiver refuses the whole turn', async () => {
    const { store } = await open()
    const engine = engineOn(store, [letterboxDefinition])
    await engine.open()
    const build = (next_id: string | null) => engine.start({ machine: 'letterbox', input: { next_id }, by: alice })
    const neighbour = await build(null)
    const writer = await build(neighbour.instance_id)
    const rubbish = engine.send({ instance_id: writer.instance_id, event: { type: 'write.rubbish' }, by: alice })
    await expect(rubbish).rejects.toMatchObject({ code: 'STEP_FAILED', message: expect.stringContaining('text') })
    for (const { instance_id } of [neighbour, writer])
      expect(await engine.view(instance_id)).toMatchObject({ revision: 1, context: { taken: 0 } })
  })

  describe('a child whose input does not fit its schema', () => {
    async function shop(reserved: Promise<{ shelf: string }>) {
      const { store } = await open()
      const handlers = orderHandlers({ kind: 'durable', run: () => reserved })
      const engine = engineOn(store, [pickyParcel, orderDefinition], { handlers })
      await engine.open()
      const order = async (order_no: string) =>
        (await engine.start({ machine: 'order', input: { order_no }, by: alice })).instance_id
      const pay = (instance_id: string) =>
        engine.send({ instance_id, event: { type: 'payment.received', amount: 1 }, by: alice })
      return { engine, order, pay }
    }

    test('is not born, and the event that asked for it is refused', async () => {
      const { engine, order, pay } = await shop(Promise.resolve({ shelf: 'A1' }))
      const id = await order('o-1')
      await engine.until(id, ({ context }) => context.shelf !== null)
      await expect(pay(id)).rejects.toMatchObject({
        code: 'STEP_FAILED',
        fields: { instance_id: id },
        message: expect.stringContaining('order_no'),
      })
      expect(await engine.view(id)).toMatchObject({ revision: 3, status: 'active', children: {} })
      expect(await engine.count({ tenant: 'default', machines: ['parcel'] })).toBe(0)
    })

    test('is not born, and the outcome that asked for it reaches the chart as an error', async () => {
      const reserved = Promise.withResolvers<{ shelf: string }>()
      const { engine, order, pay } = await shop(reserved.promise)
      const id = await order('o-1')
      await pay(id)
      reserved.resolve({ shelf: 'A1' })
      const failed = await engine.until(id, ({ status }) => status === 'done')
      expect(failed).toMatchObject({
        state: 'failed',
        context: { shelf: null, problem: expect.stringContaining('STEP_FAILED') },
      })
    })

    test('is born when it fits', async () => {
      const { engine, order, pay } = await shop(Promise.resolve({ shelf: 'A1' }))
      const id = await order('p-1')
      await engine.until(id, ({ context }) => context.shelf !== null)
      await pay(id)
      expect(await engine.count({ tenant: 'default', machines: ['parcel'] })).toBe(1)
    })
  })
})
