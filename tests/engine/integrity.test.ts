/** What the record promises: nothing can be changed quietly, and a doubt stops everything. */
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../machines/index.ts'
import { CannotServe } from '../../src/engine/engine.ts'
import type { Handlers } from '../../src/engine/types.ts'
import type { Store } from '../../src/store/store.ts'
import { brittleDefinition } from '../examples/brittle.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const governing = catalogue.filter(({ machine }) => ['orchestrator', 'refusal'].includes(machine.id))
const machines = [...governing, parcelDefinition, orderDefinition]

describe.each(testStores)('on $name', ({ open, name }) => {
  async function shop(handlers: Handlers = orderHandlers()) {
    const { store, again } = await open()
    const engine = engineOn(store, machines, { handlers })
    await engine.open()
    const { instance_id } = await engine.start({ machine: 'order', input: { order_no: 'i-1' }, by: alice })
    await engine.until(instance_id, ({ context }) => context.shelf !== null)
    await engine.send({ instance_id, event: { type: 'note.added' }, by: alice })
    return { store, again, engine, instance_id }
  }

  async function tampered(store: Store, change: string, ...tables: string[]) {
    for (const table of tables) await sql`alter table ${sql.table(table)} disable trigger user`.execute(store.db)
    await sql.raw(change).execute(store.db)
  }

  const forgeries: [string, string, string, string][] = [
    ['an event', `update journal set event = '{"type":"note.removed"}' where sequence = 4`, 'event_hash', 'journal'],
    [
      'who did it',
      `update journal set by = '{"id":"mallory","kind":"person","tenant":"default","roles":[]}' where sequence = 4`,
      'hash',
      'journal',
    ],
    ['when it was', `update journal set at = at - interval '1 day' where sequence = 4`, 'hash', 'journal'],
    [
      'an entry with its hash made new',
      `update journal set state_after = 'x', hash = repeat('a', 64) where sequence = 4`,
      'hash',
      'journal',
    ],
    ['a removed entry', `delete from journal where sequence = 4`, 'seal.count', 'journal'],
    [
      'a signature',
      `update seals set signature = (select signature from seals where number = 1) where first_sequence = 4`,
      'seal.signature',
      'seals',
    ],
    ['a root', `update seals set root = repeat('b', 64) where first_sequence = 4`, 'seal.root', 'seals'],
    [
      'a resting snapshot',
      `update instances set snapshot = '{}' where machine = 'order'`,
      'instance.snapshot',
      'instances',
    ],
    [
      'a forged instance',
      `insert into instances select gen_random_uuid(), tenant, machine, version, status, state, tags, revision, last_hash, input, snapshot, title, attributes, parent_id, parent_child_id, entered_state_at, created_at, updated_at from instances where machine = 'order'`,
      'instance',
      'instances',
    ],
    [
      'a revision ahead of its journal',
      `update instances set revision = revision + 1 where machine = 'order'`,
      'instance.revision',
      'instances',
    ],
    [
      'the input of an instance',
      `update instances set input = '{"order_no":"x","neighbour_id":null}' where machine = 'order'`,
      'instance.input',
      'instances',
    ],
    ['a title', `update instances set title = 'x' where machine = 'order'`, 'instance.title', 'instances'],
    [
      'an attribute',
      `update instances set attributes = '{"order_no":"x"}' where machine = 'order'`,
      'instance.attributes',
      'instances',
    ],
    ['a cleared halt', `update head set halted = true, halted_at = now()`, 'head.halted', 'head'],
    [
      'a witness key of somebody else',
      `update signing_keys set public_key = (select public_key from signing_keys where purpose = 'writer') where purpose = 'witness'`,
      'seal.witness_signature',
      'signing_keys',
    ],
    ['the head', `update head set hash = repeat('c', 64)`, 'head.hash', 'head'],
  ]

  test.each(forgeries)('%s changed by hand is found and named', async (_, change, check, table) => {
    const { store, engine } = await shop()
    await tampered(store, change, table)
    const result = await engine.verifyChain().catch((cause) => cause)
    expect(result).toMatchObject({ valid: false, broken_at: { check } })
    if (table === 'journal') expect(result.broken_at.sequence).toBe(4)
    await engine.stop()
  })

  test('the record of one instance names the sequence that was changed', async () => {
    const { store, engine, instance_id } = await shop()
    expect(await engine.verifyInstance('default', instance_id)).toMatchObject({ valid: true, entries: 4 })
    await tampered(store, `update journal set event = '{"type":"note.removed"}' where sequence = 5`, 'journal')
    expect(await engine.verifyInstance('default', instance_id)).toMatchObject({
      valid: false,
      broken_at: { sequence: 5, instance_id, check: 'event_hash' },
    })
    expect(await engine.head()).toMatchObject({ halted: true })
    await engine.stop()
  })

  test('the database refuses to rewrite the record', async () => {
    const { store, engine } = await shop()
    for (const statement of [
      `update journal set event = '{"type":"x"}' where sequence = 2`,
      `delete from journal where sequence = 2`,
      `truncate journal`,
      `update seals set root = 'x'`,
      `delete from seals`,
      `truncate seals`,
      `delete from signing_keys`,
    ]) {
      await expect(sql.raw(statement).execute(store.db), statement).rejects.toThrow('append-only')
    }
    await engine.stop()
  })

  test('a redaction is the one change allowed; the proof stays whole and says who did it', async () => {
    const { store, engine, instance_id } = await shop()
    const redaction = sql`update journal set event = null, salt = null, redacted_by = 'dpo', redacted_at = now(),
      redaction_reason = 'erasure' where instance_id = ${instance_id} and revision = 2`
    await expect(redaction.execute(store.db)).rejects.toThrow('only finished ones are redacted')
    await engine.send({ instance_id, event: { type: 'order.cancelled' }, by: alice })
    await expect(
      sql`update journal set event = null, salt = null, redacted_by = 'eve' where sequence = 2`.execute(store.db),
    ).rejects.toThrow()
    await redaction.execute(store.db)
    expect(await engine.verifyChain()).toMatchObject({
      valid: true,
      redacted: [{ instance_id, revision: 2, by: 'dpo' }],
    })
    await expect(engine.instanceAt('default', instance_id, 3)).rejects.toMatchObject({ code: 'HISTORY_REDACTED' })
    await engine.stop()
  })

  test('finished instances move no more, whoever writes', async () => {
    const { store, engine, instance_id } = await shop()
    await engine.send({ instance_id, event: { type: 'order.cancelled' }, by: alice })
    await expect(
      sql`update instances set state = 'open', revision = revision + 1 where instance_id = ${instance_id}`.execute(
        store.db,
      ),
    ).rejects.toThrow('is finished')
    await engine.stop()
  })

  test('while halted every server reads and none writes; outcomes wait', async () => {
    const held = Promise.withResolvers<{ shelf: string }>()
    const begun = Promise.withResolvers<void>()
    let first = true
    const { store, again, engine, instance_id } = await shop(
      orderHandlers({
        kind: 'durable',
        run: async () => {
          if (first) {
            first = false
            return { shelf: 'A1' }
          }
          begun.resolve()
          return held.promise
        },
      }),
    )
    const other = engineOn(name === 'postgres' ? await again() : store, machines, {
      handlers: orderHandlers({ kind: 'remote' }),
    })
    const waiting = await engine.start({ machine: 'order', input: { order_no: 'i-2' }, by: alice })
    await begun.promise
    await engine.halt('a drill', alice)
    for (const server of [engine, other]) {
      const note = server.send({ instance_id, event: { type: 'note.added' }, by: alice })
      await expect(note).rejects.toMatchObject({ code: 'SYSTEM_HALTED', fields: { halt_reason: 'a drill' } })
      expect((await server.instance('default', instance_id))?.context.notes).toBe(1)
    }
    held.resolve({ shelf: 'late' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await engine.view(waiting.instance_id)).context.shelf).toBeNull()

    await sql`update head set halted = false, halt_reason = null, halted_at = null`.execute(store.db)
    expect((await engine.until(waiting.instance_id, ({ context }) => context.shelf !== null)).context.shelf).toBe(
      'late',
    )
    await engine.stop()
  })

  test('a server that lacks a version of living instances refuses to start and lists them', async () => {
    const { again, engine } = await shop()
    await engine.stop()
    const newer = {
      ...orderDefinition,
      machine: Object.assign(orderDefinition.machine.provide({}), { version: '2.0.0' }),
    }
    const next = engineOn(await again(), [...governing, parcelDefinition, newer], { handlers: orderHandlers() })
    await expect(next.open()).rejects.toThrow(
      new CannotServe(
        'This server does not know how to run what the database holds:\n  - 1 living instances of order 1.0.0',
      ),
    )
    const both = engineOn(await again(), [...machines, newer], { handlers: orderHandlers() })
    await expect(both.open()).resolves.toBeUndefined()
    await both.stop()
  })

  test('a server without a handler its machines need refuses to start and names it', async () => {
    const { store } = await open()
    await expect(engineOn(store, machines).open()).rejects.toThrow('order.reserveStock, order.price')
  })

  describe('a chart with faults of its own', () => {
    async function brittle(breaks_on_error_too: boolean, run: () => Promise<string>) {
      const { store } = await open()
      const handlers: Handlers = { 'brittle.lift': { kind: 'durable', run } }
      const engine = engineOn(store, [...governing, brittleDefinition], { handlers })
      await engine.open()
      const { instance_id } = await engine.start({ machine: 'brittle', input: { breaks_on_error_too }, by: alice })
      return { engine, instance_id }
    }

    test('keeps its state over an event it fails on, and the failure is on record', async () => {
      const { engine, instance_id } = await brittle(false, () => new Promise(() => {}))
      const crack = engine.send({ instance_id, event: { type: 'crack' }, by: alice })
      await expect(crack).rejects.toMatchObject({
        code: 'STEP_FAILED',
        message: expect.stringContaining('this assign is broken'),
      })
      expect(await engine.view(instance_id)).toMatchObject({ revision: 1, state: 'lifting' })
      const [record] = await engine.listViews({ tenant: 'default', machines: ['refusal'], limit: 5 })
      expect(record?.attributes).toMatchObject({ target_id: instance_id, code: 'STEP_FAILED', principal_id: 'alice' })
      await engine.stop()
    })

    test('is told of an error when it fails over the outcome', async () => {
      const { engine, instance_id } = await brittle(false, async () => 'up')
      const dropped = await engine.until(instance_id, ({ status }) => status !== 'active')
      expect(dropped).toMatchObject({ status: 'done', state: 'dropped' })
      await engine.stop()
    })

    test('ends in error, on record, when it fails over that too', async () => {
      const { engine, instance_id } = await brittle(true, async () => 'up')
      const broken = await engine.until(instance_id, ({ status }) => status !== 'active')
      expect(broken).toMatchObject({ status: 'error', error: { message: expect.stringContaining('this one too') } })
      expect(await engine.verifyInstance('default', instance_id)).toMatchObject({ valid: true })
      await engine.stop()
    })
  })

  describe.runIf(name === 'postgres')('when the connection dies under a commit', () => {
    test('what was answered is there once, and nothing is lost', async () => {
      const { store, engine, instance_id } = await shop()
      const notes = Array.from({ length: 200 }, async (_, i) => {
        if (i % 50 === 25) {
          await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chancery writer'
            and query not like '%pg_terminate_backend%' and datname = current_database()`.execute(store.db)
        }
        return engine.send({ instance_id, event: { type: 'note.added' }, by: alice })
      })
      await Promise.all(notes)
      expect((await engine.view(instance_id)).context.notes).toBe(201)
      expect(await engine.verifyChain()).toMatchObject({ valid: true })
      await engine.stop()
    })
  })
})
