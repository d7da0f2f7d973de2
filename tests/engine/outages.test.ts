/**
 * The database answers, but takes no writes: its disk is full, or it was made read-only. Callers are told soon, nobody
 * hammers at it, and everything goes on when it is over.
 */
import { sql } from 'kysely'
import { describe, expect, test, vi } from 'vitest'
import type { Handlers } from '../../src/engine/types.ts'
import type { Store } from '../../src/store/store.ts'
import { counterDefinition } from '../examples/counter.ts'
import { errandDefinition } from '../examples/errand.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'
import { cableTo } from './support/cable.ts'
import { ownDatabase, terminate } from './support/database.ts'
import { watched } from './support/watched.ts'

const machines = [counterDefinition, errandDefinition]
const unavailable = { code: 'DATABASE_UNAVAILABLE', fields: { retry_after_s: 1 } }

async function counterOn(opened: Store, run: () => Promise<unknown> = async () => 'fine') {
  const store = watched(opened)
  const clock = fakeClock()
  const handlers: Handlers = { 'errand.run': { kind: 'durable', run } }
  const engine = engineOn(store, machines, { handlers, clock })
  await engine.open()
  const { instance_id } = await engine.start({ machine: 'counter', input: { note: 'o' }, by: alice })
  const count = () => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })
  return { engine, clock, store, instance_id, count }
}

/** Fails the test when the engine does not come to rest. */
async function stopped(engine: TestEngine): Promise<void> {
  let done = false
  const stopping = engine.stop().then(() => {
    done = true
  })
  await vi.waitFor(() => expect(done).toBe(true), { timeout: 5_000 })
  await stopping
}

describe.each(testStores)('when the disk of $name is full', ({ open }) => {
  async function filling(run?: () => Promise<unknown>) {
    const { store: opened } = await open()
    const counter = await counterOn(opened, run)
    const { db } = opened
    return {
      ...counter,
      async fill() {
        await sql`create function refuse_for_want_of_space() returns trigger language plpgsql as $$
          begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$`.execute(db)
        await sql`create trigger disk_full before insert on seals for each row execute function refuse_for_want_of_space()`.execute(
          db,
        )
      },
      makeRoom: () => sql`drop trigger disk_full on seals`.execute(db),
    }
  }

  test('an event is refused after a few tries, and taken when there is room again', async () => {
    const { engine, store, instance_id, count, fill, makeRoom } = await filling()
    await fill()
    const before = store.commits()
    await expect(count()).rejects.toMatchObject(unavailable)
    expect(store.commits() - before).toBeLessThanOrEqual(10)
    await makeRoom()
    expect(await count()).toMatchObject({ instance_id, revision: 2 })
    expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 2 })
  })

  test('events of many callers are refused together, not one after the other', async () => {
    const { store, count, fill, makeRoom, engine } = await filling()
    const ids = await Promise.all(
      Array.from({ length: 20 }, () => engine.start({ machine: 'counter', input: { note: 'o' }, by: alice })),
    )
    await fill()
    const before = store.commits()
    const results = await Promise.allSettled(
      ids.map(({ instance_id }) => engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })),
    )
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: unavailable })
    expect(store.commits() - before).toBeLessThanOrEqual(10)
    await makeRoom()
    await expect(count()).resolves.toBeDefined()
  })

  test('work that ends meanwhile is not lost: its outcome is told afterwards', async () => {
    const answer = Promise.withResolvers<string>()
    const { engine, clock, fill, makeRoom } = await filling(() => answer.promise)
    const { instance_id } = await engine.start({ machine: 'errand', input: {}, by: alice })
    await fill()
    answer.resolve('kept')
    await vi.waitFor(() => expect(engine.log.lines.map(({ message }) => message)).toContain('an outcome waits'))
    await makeRoom()
    await clock.advance(1_000)
    const back = await engine.until(instance_id, ({ status }) => status === 'done')
    expect(back).toMatchObject({ state: 'back', revision: 2, context: { kept: 'kept' } })
  })

  test('the server can be stopped while it lasts', async () => {
    const { engine, count, fill } = await filling()
    await fill()
    const sent = count().catch(({ code }) => code)
    await stopped(engine)
    expect(['STOPPING', 'DATABASE_UNAVAILABLE']).toContain(await sent)
  })
})

describe('when Postgres was made read-only', () => {
  async function readOnly() {
    const database = await ownDatabase()
    const counter = await counterOn(await database.open())
    const beside = await database.connect()
    const set = async (readOnly: 'on' | 'off') => {
      await beside.query('set default_transaction_read_only = off')
      await beside.query(`alter database ${database.name} set default_transaction_read_only = ${readOnly}`)
    }
    // The setting is for new connections; the writer's own, where there is one, believes what it began with.
    const make = async (readOnly: 'on' | 'off') => {
      await set(readOnly)
      await terminate(beside, 'chancery writer')
    }
    return { ...counter, set, make }
  }

  test('an event is refused after a few tries, and taken when it is over', async () => {
    const { engine, store, count, make } = await readOnly()
    await make('on')
    const before = store.commits()
    await expect(count()).rejects.toMatchObject(unavailable)
    expect(store.commits() - before).toBeLessThanOrEqual(10)
    await make('off')
    expect(await count()).toMatchObject({ revision: 2 })
    expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 2 })
  })

  test('nobody has to end the connections that still believe it', async () => {
    const { count, set, make } = await readOnly()
    await make('on')
    await expect(count()).rejects.toMatchObject(unavailable)
    await set('off')
    expect(await count()).toMatchObject({ revision: 2 })
  })

  test('the server can be stopped while it lasts', async () => {
    const { engine, count, make } = await readOnly()
    await make('on')
    const sent = count().catch(({ code }) => code)
    await stopped(engine)
    expect(['STOPPING', 'DATABASE_UNAVAILABLE']).toContain(await sent)
  })
})

describe('when Postgres cannot be reached', () => {
  async function unreachable() {
    const database = await ownDatabase()
    const cable = await cableTo(database.url)
    return { ...(await counterOn(await database.open(cable.url))), cable }
  }

  test('an event waits and is counted once when it can be reached again', async () => {
    const { engine, count, cable } = await unreachable()
    cable.unplug()
    const sent = count()
    await vi.waitFor(() =>
      expect(engine.log.lines.map(({ message }) => message)).toContain('the database does not answer'),
    )
    cable.mend()
    expect(await sent).toMatchObject({ revision: 2 })
    expect(await engine.verifyChain()).toMatchObject({ valid: true, entries: 2 })
  })

  test('the server can be stopped while it lasts', async () => {
    const { engine, count, cable } = await unreachable()
    cable.unplug()
    const sent = count().catch(({ code }) => code)
    await stopped(engine)
    expect(await sent).toBe('STOPPING')
  })
})
