/** Many callers, one instance; several servers, one database. */
import { describe, expect, test } from 'vitest'
import type { RequestKey } from '../../src/engine/types.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [parcelDefinition, orderDefinition]
const handlers = orderHandlers()
const key: RequestKey = { key: 'k-1', operation: 'instances.send', body_hash: 'b' }

async function openOrder(engine: TestEngine): Promise<string> {
  const { instance_id } = await engine.start({ machine: 'order', input: { order_no: 'r-1' }, by: alice })
  await engine.until(instance_id, ({ context }) => context.shelf !== null)
  return instance_id
}

describe.each(testStores)('on $name', ({ open, name }) => {
  async function served(count = 1) {
    const { store, again } = await open()
    const engines = [engineOn(store, machines, { handlers })]
    for (let i = 1; i < count; i++) engines.push(engineOn(await again(), machines, { handlers }))
    for (const engine of engines) await engine.open()
    return {
      engines,
      engine: engines[0] as TestEngine,
      stop: () => Promise.all(engines.map((one) => one.stop())),
      again,
    }
  }
  const note = (engine: TestEngine, instance_id: string, more = {}) =>
    engine.send({ instance_id, event: { type: 'note.added' }, by: alice, ...more })

  test('fifty clients with the same event and key: one step, fifty equal answers', async () => {
    const { engine, stop } = await served()
    const id = await openOrder(engine)
    const answers = await Promise.all(Array.from({ length: 50 }, () => note(engine, id, { request: key })))
    expect(new Set(answers.map(({ revision }) => revision)).size).toBe(1)
    expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1)
    expect((await engine.view(id)).context.notes).toBe(1)
    await stop()
  })

  test('fifty starts with the same key make one instance', async () => {
    const { engine, stop } = await served()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        engine.start({ machine: 'order', input: { order_no: 's' }, by: alice, request: key }),
      ),
    )
    expect(new Set(answers.map(({ instance_id }) => instance_id)).size).toBe(1)
    expect(await engine.count({ tenant: 'default', machines: ['order'] })).toBe(1)
    await stop()
  })

  test('a key used with another body is a conflict', async () => {
    const { engine, stop } = await served()
    const id = await openOrder(engine)
    await note(engine, id, { request: key })
    await expect(note(engine, id, { request: { ...key, body_hash: 'other' } })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    })
    await stop()
  })

  test('a key repeated after a restart gets its first answer, though the state takes the event no more', async () => {
    const { engine, stop, again } = await served()
    const id = await openOrder(engine)
    const cancel = { instance_id: id, event: { type: 'order.cancelled' }, by: alice, request: key }
    const first = await engine.send(cancel)
    await stop()
    const restarted = engineOn(await again(), machines, { handlers })
    await restarted.open()
    expect(await restarted.send(cancel)).toEqual({ ...first, repeated: true })
    await restarted.stop()
  })

  test('fifty different events race for one instance: each is applied once, none lost', async () => {
    const { engine, stop } = await served()
    const id = await openOrder(engine)
    await Promise.all(Array.from({ length: 50 }, () => note(engine, id)))
    const { context, revision } = await engine.view(id)
    expect(context.notes).toBe(50)
    const journal = await engine.journal('default', id, 1, 100)
    expect(journal.map((entry) => entry.revision)).toEqual(Array.from({ length: revision }, (_, i) => i + 1))
    expect(await engine.verifyInstance('default', id)).toMatchObject({ valid: true, entries: revision })
    await stop()
  })

  test('of fifty that ask for the same revision one wins, the others are told', async () => {
    const { engine, stop } = await served()
    const id = await openOrder(engine)
    const { revision } = await engine.view(id)
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => note(engine, id, { expected_revision: revision })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const lost = results.filter((result) => result.status === 'rejected')
    expect(new Set(lost.map(({ reason }) => reason.code))).toEqual(new Set(['CONCURRENT_MODIFICATION']))
    expect((await engine.view(id)).context.notes).toBe(1)
    await stop()
  })

  test('more than the queue holds is refused with a time to come back', async () => {
    const { store } = await open()
    const engine = engineOn(store, machines, { handlers, queue_limit: 5 })
    await engine.open()
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        engine.start({ machine: 'order', input: { order_no: `q-${i}` }, by: alice }),
      ),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'OVERLOADED', fields: { retry_after_s: 1 } })
    expect(await engine.count({ tenant: 'default', machines: ['order'] })).toBe(50 - refused.length)
    await engine.stop()
  })

  test('one turn the database cannot take does not spoil the others of its batch', async () => {
    const { engine, stop } = await served()
    const results = await Promise.allSettled(
      ['fine-1', 'bad\0title', 'fine-2', 'fine-3'].map((order_no) =>
        engine.start({ machine: 'order', input: { order_no }, by: alice }),
      ),
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(await engine.verifyChain()).toMatchObject({ valid: true })
    await stop()
  })

  describe.runIf(name === 'postgres')('several servers', () => {
    test('events through three of them are each applied once, and the log stays one chain', async () => {
      const { engines, engine, stop } = await served(3)
      const ids = await Promise.all([openOrder(engine), openOrder(engine)])
      await Promise.all(Array.from({ length: 60 }, (_, i) => note(engines[i % 3] as TestEngine, ids[i % 2] as string)))
      for (const id of ids) expect((await engine.view(id)).context.notes).toBe(30)
      expect(await engine.verifyChain()).toMatchObject({ valid: true, broken_at: null })
      expect(engines.reduce((lost, { stats }) => lost + stats().heads_lost, 0)).toBeGreaterThan(0)
      await stop()
    })

    test('a server does not refuse from a memory that is behind', async () => {
      const { engines, stop } = await served(2)
      const [here, there] = engines as [TestEngine, TestEngine]
      const id = await openOrder(here)
      await here.send({ instance_id: id, event: { type: 'order.paused' }, by: alice })
      await there.send({ instance_id: id, event: { type: 'order.resumed' }, by: alice })
      // `here` still remembers it paused, where payment is not taken.
      await here.send({ instance_id: id, event: { type: 'payment.received', amount: 1 }, by: alice })
      expect((await there.view(id)).state).toBe('shipping')
      await stop()
    })

    test('the same key through two servers makes one step', async () => {
      const { engines, engine, stop } = await served(2)
      const id = await openOrder(engine)
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => note(engines[i % 2] as TestEngine, id, { request: key })),
      )
      expect(new Set(answers.map(({ revision }) => revision)).size).toBe(1)
      expect((await engine.view(id)).context.notes).toBe(1)
      await stop()
    })
  })
})
