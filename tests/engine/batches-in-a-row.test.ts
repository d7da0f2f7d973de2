/**
 * Full batches do not wait for each other: the second is signed on the head the first will leave. Whatever becomes
 * of the first, each event counts once.
 */
import { describe, expect, test } from 'vitest'
import { NotDurable, type Store } from '../../src/store/store.ts'
import { counterDefinition } from '../examples/counter.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { cableTo } from './support/cable.ts'
import { ownDatabase, waitingForLocks } from './support/database.ts'

const WRITER = 'chancery writer'
const MANY = 100

async function counters(engine: TestEngine, count = MANY): Promise<string[]> {
  const started = Array.from({ length: count }, () =>
    engine.start({ machine: 'counter', input: { note: 'n' }, by: alice }),
  )
  return (await Promise.all(started)).map(({ instance_id }) => instance_id)
}

function count(engine: TestEngine, ids: readonly string[]): Promise<unknown[]> {
  return Promise.all(
    ids.map((instance_id) => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })),
  )
}

async function counted(engine: TestEngine): Promise<unknown[]> {
  const views = await engine.listViews({ tenant: 'default', machines: ['counter'], limit: 200 })
  return views.map(({ context }) => context.count)
}

/** The most commits that were on their way at once. */
function measuringDepth(store: Store): Store & { readonly deepest: () => number } {
  let now = 0
  let deepest = 0
  return {
    ...store,
    deepest: () => deepest,
    async commit(batch) {
      now += 1
      deepest = Math.max(deepest, now)
      try {
        return await store.commit(batch)
      } finally {
        now -= 1
      }
    },
  }
}

test('full batches are on their way at the same time', async () => {
  const store = measuringDepth(await (await ownDatabase()).open())
  const engine = engineOn(store, [counterDefinition])
  await engine.open()
  const ids = await counters(engine)
  await count(engine, ids)
  expect(store.deepest()).toBeGreaterThan(1)
  expect(await counted(engine)).toEqual(ids.map(() => 1))
  expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 2 * MANY })
})

test('when a turn of the first loses a race, all that follow are signed anew', async () => {
  const database = await ownDatabase()
  const [here, there] = [
    engineOn(await database.open(), [counterDefinition]),
    engineOn(await database.open(), [counterDefinition]),
  ]
  await here.open()
  await there.open()
  const ids = await counters(here)
  // What is in memory here is old for one instance of the first batch, and for one of the last.
  await count(there, [ids[0] as string, ids.at(-1) as string])
  await count(here, ids)
  expect((await counted(here)).sort()).toEqual([...ids.slice(2).map(() => 1), 2, 2])
  expect(await here.verifyChain()).toMatchObject({ valid: true, entries: 2 * MANY + 2 })
})

describe.each([1, 2])('when the connection breaks %i times under batches on their way', (cuts) => {
  test('each event is counted once', async () => {
    const database = await ownDatabase()
    const cable = await cableTo(database.url)
    const [beside, watcher] = [await database.connect(), await database.connect()]
    const engine = engineOn(await database.open(cable.url), [counterDefinition])
    await engine.open()
    const ids = await counters(engine)
    await beside.query('begin')
    await beside.query('select from head for update')
    const answers = count(engine, ids)
    answers.catch(() => {})
    for (let cut = 1; cut <= cuts; cut++) {
      await waitingForLocks(watcher, WRITER, cut)
      cable.cut(WRITER)
    }
    await waitingForLocks(watcher, WRITER, cuts + 1)
    await beside.query('commit')
    expect(await answers).toHaveLength(MANY)
    expect(await counted(engine)).toEqual(ids.map(() => 1))
    expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 2 * MANY })
  })
})

test('when the first could not be made durable, none behind it is acknowledged', async () => {
  const store = await (await ownDatabase()).open()
  let failing = false
  const engine = engineOn(
    {
      ...store,
      async commit(batch) {
        const verdict = await store.commit(batch)
        if (!failing) return verdict
        failing = false
        throw new NotDurable('the disk is gone')
      },
    },
    [counterDefinition],
  )
  await engine.open()
  const ids = await counters(engine)
  failing = true
  const answers = await Promise.allSettled(
    ids.map((instance_id) => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })),
  )
  expect(answers.map((answer) => answer.status === 'rejected' && answer.reason.code)).toEqual(
    ids.map(() => 'LEDGER_IN_DOUBT'),
  )
})
