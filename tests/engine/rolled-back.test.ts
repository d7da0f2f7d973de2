/** A log only grows. A server that has seen more of it than the database now holds writes nothing more. */
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { counterDefinition } from '../examples/counter.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [counterDefinition]
const doubt = { code: 'LEDGER_IN_DOUBT' }

/** Takes away what `work` writes: head, journal and seals, as one does who restores an old copy by hand. */
async function takingAway({ db }: Store, work: () => Promise<unknown>): Promise<void> {
  const head = await db.selectFrom('head').selectAll().executeTakeFirstOrThrow()
  await work()
  for (const table of ['journal', 'seals']) await sql`alter table ${sql.table(table)} disable trigger user`.execute(db)
  await sql`delete from journal where sequence >= ${head.next_sequence}`.execute(db)
  await sql`delete from seals where number > ${head.number}`.execute(db)
  const { number, next_sequence, hash, frontier } = head
  await db.updateTable('head').set({ number, next_sequence, hash, frontier }).execute()
}

const start = (engine: TestEngine) => engine.start({ machine: 'counter', input: { note: 'r' }, by: alice })
const count = (engine: TestEngine, instance_id: string) =>
  engine.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })

describe.each(testStores)('on $name', ({ open, name }) => {
  test('the next write after a part of the log was taken away is refused, and every one after that', async () => {
    const { store } = await open()
    const engine = engineOn(store, machines)
    await engine.open()
    const { instance_id } = await start(engine)
    await takingAway(store, () => count(engine, instance_id))
    const { number } = await engine.head()
    await expect(count(engine, instance_id)).rejects.toMatchObject(doubt)
    await expect(start(engine)).rejects.toMatchObject(doubt)
    expect(await engine.head()).toMatchObject({ number })
    expect(await engine.entries({ tenant: 'default', after: 0, limit: 10 })).toHaveLength(1)
    expect(engine.log.lines.map(({ message }) => message)).toContain('nothing more is written')
  })

  test.runIf(name === 'postgres')('so is a write after another server has filled the gap', async () => {
    const { store, again } = await open()
    const engine = engineOn(store, machines)
    await engine.open()
    await start(engine)
    await takingAway(store, () => start(engine))
    const unsuspecting = engineOn(await again(), machines)
    await unsuspecting.open()
    await start(unsuspecting)
    await expect(start(engine)).rejects.toMatchObject(doubt)
  })
})
