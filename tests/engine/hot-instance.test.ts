/** One instance everybody writes to: those who wait for it count, and more than may wait are told to come back. */
import { describe, expect, test } from 'vitest'
import { counterDefinition } from '../examples/counter.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

describe.each(testStores)('on $name', ({ open }) => {
  test('of fifty requests for one instance, five may wait and the others are refused', async () => {
    const { store } = await open()
    const engine = engineOn(store, [counterDefinition], { queue_limit: 5 })
    await engine.open()
    const { instance_id } = await engine.start({ machine: 'counter', input: { note: 'h' }, by: alice })
    const count = () => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })
    const answers = Array.from({ length: 50 }, count)
    expect(engine.stats().waiting_turns).toBe(5)
    const results = await Promise.allSettled(answers)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(45)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'OVERLOADED', fields: { retry_after_s: 1 } })
    expect((await engine.view(instance_id)).context.count).toBe(5)
    expect(engine.stats().waiting_turns).toBe(0)
    await expect(count()).resolves.toMatchObject({ revision: 7 })
  })

  test('requests that repeat one key count too', async () => {
    const { store } = await open()
    const engine = engineOn(store, [counterDefinition], { queue_limit: 5 })
    await engine.open()
    const request = { key: 'k', operation: 'instances.start', body_hash: 'b' }
    const start = () => engine.start({ machine: 'counter', input: { note: 'h' }, by: alice, request })
    const results = await Promise.allSettled(Array.from({ length: 50 }, start))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(await engine.count({ tenant: 'default', machines: ['counter'] })).toBe(1)
  })
})
