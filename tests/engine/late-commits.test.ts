/**
 * The connection breaks while a commit waits for its turn in the database. The server does not know; the database
 * carries the commit out all the same, later than the server has looked for it.
 */
import { describe, expect, test } from 'vitest'
import { counterDefinition } from '../examples/counter.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { alice, engineOn } from '../support/engine.ts'
import { cableTo } from './support/cable.ts'
import { ownDatabase, waitingForLocks } from './support/database.ts'

const WRITER = 'chancery writer'
const machines = [counterDefinition, parcelDefinition, orderDefinition]

async function behindCable(handlers = orderHandlers()) {
  const database = await ownDatabase()
  const cable = await cableTo(database.url)
  const [beside, watcher] = [await database.connect(), await database.connect()]
  const engine = engineOn(await database.open(cable.url), machines, { handlers })
  await engine.open()
  const counter = () => engine.start({ machine: 'counter', input: { note: 'n' }, by: alice })
  /** Has the commit of `work` written by connections the server has lost, one after the other. */
  async function cutDuring<T>(work: () => Promise<T>, cuts: number): Promise<T> {
    await beside.query('begin')
    await beside.query('select from head for update')
    const answer = work()
    // Whoever fails early must not fail unheard while the locks are waited for.
    answer.catch(() => {})
    for (let cut = 1; cut <= cuts; cut++) {
      await waitingForLocks(watcher, WRITER, cut)
      cable.cut(WRITER)
    }
    await waitingForLocks(watcher, WRITER, cuts + 1)
    await beside.query('commit')
    return answer
  }
  return { engine, counter, cutDuring }
}

describe.each([1, 2])('when the connection breaks %i times under a waiting commit', (cuts) => {
  test('an event is counted once and answered as taken', async () => {
    const { engine, counter, cutDuring } = await behindCable()
    const { instance_id } = await counter()
    const count = () => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })
    expect(await cutDuring(count, cuts)).toEqual({ instance_id, revision: 2, repeated: false })
    expect((await engine.view(instance_id)).context.count).toBe(1)
    expect(await count()).toMatchObject({ revision: 3 })
    expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 3 })
  })

  test('a start makes one instance and is not told that it exists already', async () => {
    const { engine, counter, cutDuring } = await behindCable()
    const { instance_id, revision } = await cutDuring(counter, cuts)
    expect(revision).toBe(1)
    expect(await engine.count({ tenant: 'default', machines: ['counter'] })).toBe(1)
    await engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })
    expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 2 })
  })

  test('events of many instances that travelled together are each counted once', async () => {
    const { engine, counter, cutDuring } = await behindCable()
    const ids = (await Promise.all(Array.from({ length: 10 }, counter))).map(({ instance_id }) => instance_id)
    await cutDuring(
      () =>
        Promise.all(
          ids.map((instance_id) => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })),
        ),
      cuts,
    )
    const views = await engine.listViews({ tenant: 'default', machines: ['counter'], limit: 20 })
    expect(views.map(({ context }) => context.count)).toEqual(ids.map(() => 1))
  })

  test('the work a start asks for is begun once', async () => {
    let runs = 0
    const { engine, cutDuring } = await behindCable(
      orderHandlers({
        kind: 'durable',
        run: async () => {
          runs += 1
          return { shelf: 'A1' }
        },
      }),
    )
    const order = () => engine.start({ machine: 'order', input: { order_no: 'l-1' }, by: alice })
    const { instance_id } = await cutDuring(order, cuts)
    await engine.until(instance_id, ({ context }) => context.shelf === 'A1')
    expect(runs).toBe(1)
  })
})
