/** The record may be checked at any time: work going on is no doubt, and a real doubt is told to whoever asks. */
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../machines/index.ts'
import type { VerifyResult } from '../../src/engine/types.ts'
import { counterDefinition } from '../examples/counter.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const machines = [...catalogue.filter(({ machine }) => machine.id === 'orchestrator'), counterDefinition]

describe.each(testStores)('on $name', ({ open, name }) => {
  async function counting() {
    const { store, again } = await open()
    const engine = engineOn(store, machines)
    await engine.open()
    const { instance_id } = await engine.start({ machine: 'counter', input: { note: 'v' }, by: alice })
    const count = (server: TestEngine = engine) =>
      server.send({ instance_id, event: { type: 'counted', by: 1 }, by: alice })
    /** Checks without a pause while forty events are sent, one after the other. */
    async function checkedMeanwhile(check: () => Promise<VerifyResult | null>, server = engine) {
      let sending = true
      const events = (async () => {
        for (let i = 0; i < 40; i++) await count(server)
        sending = false
      })()
      const verdicts: (VerifyResult | null)[] = []
      while (sending) verdicts.push(await check())
      await events
      return verdicts
    }
    return { store, again, engine, instance_id, count, checkedMeanwhile }
  }

  test('an instance is checked again and again while events come in, and never doubted', async () => {
    const { engine, instance_id, checkedMeanwhile } = await counting()
    const verdicts = await checkedMeanwhile(() => engine.verifyInstance('default', instance_id))
    expect(verdicts.map((verdict) => verdict?.broken_at)).toEqual(verdicts.map(() => null))
    expect(await engine.head()).toMatchObject({ halted: false })
    expect((await engine.view(instance_id)).context.count).toBe(40)
  })

  test('so is the whole log', async () => {
    const { engine, checkedMeanwhile } = await counting()
    const verdicts = await checkedMeanwhile(() => engine.verifyChain())
    expect(verdicts.map((verdict) => verdict?.broken_at)).toEqual(verdicts.map(() => null))
    expect(await engine.head()).toMatchObject({ halted: false })
  })

  test.runIf(name === 'postgres')('a server that checks what another one writes does not doubt it either', async () => {
    const { again, engine, instance_id, checkedMeanwhile } = await counting()
    const writing = engineOn(await again(), machines)
    await writing.open()
    const verdicts = await checkedMeanwhile(() => engine.verifyInstance('default', instance_id), writing)
    expect(verdicts.map((verdict) => verdict?.broken_at)).toEqual(verdicts.map(() => null))
    expect(await engine.head()).toMatchObject({ halted: false })
  })

  test('all who find the same tampering at once are told of it, and the system is halted', async () => {
    const { store, engine, instance_id, count } = await counting()
    await count()
    await sql`alter table journal disable trigger user`.execute(store.db)
    await sql`update journal set event = '{"type":"counted","by":9}' where instance_id = ${instance_id} and revision = 2`.execute(
      store.db,
    )
    const verdicts = await Promise.all([
      ...Array.from({ length: 5 }, () => engine.verifyInstance('default', instance_id)),
      engine.verifyChain(),
    ])
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({ valid: false, broken_at: { instance_id, check: 'event_hash' } })
    expect(await engine.head()).toMatchObject({ halted: true })
    await expect(engine.verifyInstance('default', instance_id)).resolves.toMatchObject({ valid: false })
    await expect(count()).rejects.toMatchObject({ code: 'SYSTEM_HALTED' })
  })
})
