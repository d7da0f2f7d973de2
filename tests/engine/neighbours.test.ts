/**
 * Two servers, and one of them remembers a neighbour as it was before the other server moved it. What is refused or
 * let pass must rest on the neighbour as it is.
 */
import { describe, expect, test } from 'vitest'
import { letterboxDefinition } from '../examples/letterbox.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { relayDefinition } from '../examples/relay.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [parcelDefinition, orderDefinition, relayDefinition, letterboxDefinition]

describe.each(testStores.filter(({ name }) => name === 'postgres'))('with two servers on $name', ({ open }) => {
  async function servers() {
    const { store, again } = await open()
    const handlers = orderHandlers({ kind: 'remote' })
    const here = engineOn(store, machines, { handlers })
    const there = engineOn(await again(), machines, { handlers })
    await here.open()
    await there.open()
    const begin = async (machine: string, input: object) =>
      (await here.start({ machine, input, by: alice })).instance_id
    const tell = (server: TestEngine, instance_id: string, type: string) =>
      server.send({ instance_id, event: { type }, by: alice })
    return { here, there, begin, tell }
  }

  test.each(['neighbour.greet', 'neighbour.greet_if_welcome'])(
    'a neighbour the other server has made ready hears of "%s"',
    async (greet) => {
      const { here, there, begin, tell } = await servers()
      const neighbour = await begin('order', { order_no: 'n-1' })
      const id = await begin('order', { order_no: 'n-2', neighbour_id: neighbour })
      await tell(there, neighbour, 'order.paused')
      await tell(here, id, greet)
      expect((await here.view(neighbour)).context.greeted_by).toBe('n-2')
    },
  )

  test('a neighbour the other server has sent away is written to no more', async () => {
    const { here, there, begin, tell } = await servers()
    const neighbour = await begin('letterbox', {})
    const id = await begin('letterbox', { next_id: neighbour })
    await tell(there, neighbour, 'leave')
    await expect(tell(here, id, 'write')).rejects.toMatchObject({
      code: 'EVENT_NOT_ACCEPTED',
      fields: { instance_id: neighbour, state: 'away' },
    })
    expect(await here.view(id)).toMatchObject({ revision: 1 })
  })

  test('a letter to a neighbour the other server has finished is dropped, and on record', async () => {
    const { here, there, begin, tell } = await servers()
    const neighbour = await begin('order', { order_no: 'n-1' })
    const id = await begin('order', { order_no: 'n-2', neighbour_id: neighbour })
    await tell(there, neighbour, 'order.cancelled')
    const { revision } = await tell(here, id, 'neighbour.greet')
    const [entry] = await here.journal('default', id, revision, 1)
    expect(entry?.dropped).toEqual([`greeting -> ${neighbour}`])
  })

  test('a letter goes down a whole street the other server has brought home', async () => {
    const { here, there, begin, tell } = await servers()
    const street = [await begin('letterbox', {})]
    for (let i = 0; i < 4; i++) street.unshift(await begin('letterbox', { next_id: street[0] }))
    for (const id of street.slice(1)) await tell(here, id, 'leave')
    for (const id of street.slice(1)) await tell(there, id, 'return')
    await tell(here, street[0] as string, 'write')
    const views = await here.listViews({ tenant: 'default', machines: ['letterbox'], limit: 10 })
    expect(views.reduce((sum, { context }) => sum + (context.taken as number), 0)).toBe(4)
  })

  test('a baton passed through both servers at once reaches everybody each time', async () => {
    const { here, there, begin, tell } = await servers()
    const last = await begin('relay', { next_id: null })
    const first = await begin('relay', { next_id: last })
    await Promise.all(Array.from({ length: 20 }, (_, i) => tell(i % 2 ? here : there, first, 'baton')))
    for (const id of [first, last]) expect((await here.view(id)).context.passed).toBe(20)
  })
})
