/** A chart asks work to stop by sending it `abort`. What comes of that is the outcome: it is not tried again. */
import { describe, expect, test, vi } from 'vitest'
import type { Principal } from '../../machines/definition.ts'
import type { HandlerContext, HandlerRegistration } from '../../src/engine/types.ts'
import { errandDefinition } from '../examples/errand.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const robot: Principal = { id: 'robot', kind: 'service', tenant: 'default', roles: ['executor'] }

describe.each(testStores)('on $name', ({ open }) => {
  /** Errands that last until they are called back, and are then given up. */
  async function errands(more: Partial<Extract<HandlerRegistration, { kind: 'durable' }>> = {}) {
    const { store, again } = await open()
    const begun: HandlerContext[] = []
    const run = (_: unknown, context: HandlerContext) => {
      begun.push(context)
      return new Promise<never>((_, reject) => {
        const giveUp = () => reject(new Error('gave up'))
        if (context.signal.aborted) giveUp()
        context.signal.addEventListener('abort', giveUp)
      })
    }
    const engine = engineOn(store, [errandDefinition], {
      handlers: { 'errand.run': { kind: 'durable', run, ...more } },
      // Nothing that waits for time, as a further attempt would, ever comes.
      clock: fakeClock(),
    })
    await engine.open()
    const begin = async (input: object = {}) =>
      (await engine.start({ machine: 'errand', input, by: alice })).instance_id
    const callBack = (instance_id: string) => engine.send({ instance_id, event: { type: 'call.back' }, by: alice })
    const ended = (id: string) => engine.until(id, ({ status }) => status !== 'active')
    return { engine, again, begun, begin, callBack, ended }
  }
  const failed = { state: 'failed', context: { problem: expect.stringContaining('gave up') } }

  test('work that gives up when it is called back is not tried again; its error arrives at once', async () => {
    const { begun, begin, callBack, ended } = await errands()
    const id = await begin()
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    await callBack(id)
    expect(await ended(id)).toMatchObject(failed)
    expect(begun).toHaveLength(1)
    expect(begun[0]?.signal.reason).toBe('abort')
  })

  test('work called back before it was begun begins with its signal raised', async () => {
    const { begun, begin, callBack, ended } = await errands({ concurrency: 1 })
    const [first, second] = [await begin(), await begin()]
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    await callBack(second)
    await callBack(first)
    expect(await ended(first)).toMatchObject(failed)
    expect(await ended(second)).toMatchObject(failed)
    expect(begun.map(({ attempt, signal }) => [attempt, signal.reason])).toEqual([
      [1, 'abort'],
      [1, 'abort'],
    ])
  })

  test('work called back by the very step that asks for it begins with its signal raised', async () => {
    const { begun, begin, ended } = await errands()
    const id = await begin({ called_back_at_once: true })
    expect(await ended(id)).toMatchObject(failed)
    expect(begun.map(({ signal }) => signal.reason)).toEqual(['abort'])
  })

  test('so does work that had to wait for a place', async () => {
    const { begun, begin, callBack } = await errands({ concurrency: 1 })
    const [first] = [await begin(), await begin({ called_back_at_once: true })]
    await vi.waitFor(() => expect(begun).toHaveLength(1))
    await callBack(first)
    await vi.waitFor(() => expect(begun).toHaveLength(2))
    expect(begun[1]?.signal.reason).toBe('abort')
  })

  test('and a remote executor hears of it with its first heartbeat', async () => {
    const { store } = await open()
    const engine = engineOn(store, [errandDefinition], { handlers: { 'errand.run': { kind: 'remote' } } })
    await engine.open()
    await engine.start({ machine: 'errand', input: { called_back_at_once: true }, by: alice })
    const [effect] = await engine.claim({ executor: robot, sources: ['errand.run'], limit: 1 })
    const { effect_id, attempt } = effect as NonNullable<typeof effect>
    expect(await engine.heartbeat({ executor: robot, effect_id, attempt })).toEqual({ abort: true })
  })
})
