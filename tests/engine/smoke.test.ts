import { describe, expect, test } from 'vitest'
import { orderDefinition, parcel } from '../examples/order.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

describe.each(testStores)('on $name', ({ open }) => {
  test('an order goes its way', async () => {
    const { store } = await open()
    const engine = engineOn(store, [parcel, orderDefinition], {
      handlers: {
        'order.reserveStock': { kind: 'durable', run: async () => ({ shelf: 'A1' }) },
        'order.price': { kind: 'inline', run: () => 42 },
      },
    })
    await engine.open()
    const { instance_id } = await engine.start({ machine: 'order', input: { order_no: 'o-1' }, by: alice })
    await engine.until(instance_id, ({ context }) => context.shelf === 'A1')
    await engine.send({ instance_id, by: alice, event: { type: 'payment.received', amount: 3 } })
    const shipping = await engine.view(instance_id)
    expect(shipping.state).toBe('shipping')
    expect(shipping.context.on_the_way).toBe(true)
    await engine.send({ instance_id: shipping.children.parcel!.id, by: alice, event: { type: 'parcel.delivered', signed_by: 'bob' } })
    const done = await engine.view(instance_id)
    expect(done).toMatchObject({ status: 'done', state: 'done', context: { signed_by: 'bob' } })
    console.log((await engine.journal('default', instance_id, 1, 100)).map((e) => [e.sequence, e.revision, e.event?.type, e.fired, e.state_after]))
    expect(await engine.verifyChain()).toMatchObject({ valid: true })
    expect(await engine.verifyInstance('default', instance_id)).toMatchObject({ valid: true })
    const t = performance.now()
    const N = 1000
    const ids = await Promise.all(Array.from({ length: 64 }, async (_, i) => (await engine.start({ machine: 'order', input: { order_no: `p-${i}` }, by: alice })).instance_id))
    await Promise.all(ids.map(async (id) => { for (let i = 0; i < N / 64; i++) await engine.send({ instance_id: id, by: alice, event: { type: 'note.added' } }) }))
    console.log(engine.stats(), N / (performance.now() - t) * 1000, '/s')
    await engine.stop()
  })
})
