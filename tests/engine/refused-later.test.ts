/**
 * What was sent with a delay, or had no room in its turn, may be refused when its time comes. Nobody waits for that
 * answer: the refusal is recorded, and sender and receiver go on.
 */
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../machines/index.ts'
import { MAX_STEPS } from '../../src/engine/turn.ts'
import { letterboxDefinition } from '../examples/letterbox.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const governing = catalogue.filter(({ machine }) => ['orchestrator', 'refusal'].includes(machine.id))
const MINUTE = 60_000

describe.each(testStores)('on $name', ({ open }) => {
  async function street() {
    const { store } = await open()
    const clock = fakeClock()
    const engine = engineOn(store, [...governing, letterboxDefinition], { clock })
    await engine.open()
    const build = async (next_id: string | null = null) =>
      (await engine.start({ machine: 'letterbox', input: { next_id }, by: alice })).instance_id
    const tell = (instance_id: string, type: string) => engine.send({ instance_id, event: { type }, by: alice })
    const refusals = () => engine.listViews({ tenant: 'default', machines: ['refusal'], limit: 5 })
    /** How the effects of that instance were closed. */
    const closed = async (instance_id: string) => {
      const { rows } = await sql<{ outcome: string | null; last_error: string | null }>`
        select outcome, last_error from effects where instance_id = ${instance_id}`.execute(store.db)
      return rows
    }
    return { engine, clock, build, tell, refusals, closed }
  }
  const soon = { timeout: 5_000 }

  test('a delayed letter nobody is at home for does not end its writer, and the refusal is recorded', async () => {
    const { engine, clock, build, tell, refusals, closed } = await street()
    const neighbour = await build()
    const writer = await build(neighbour)
    await tell(neighbour, 'leave')
    await tell(writer, 'write.later')
    await clock.advance(MINUTE)
    await expect.poll(refusals, soon).toHaveLength(1)
    expect((await refusals())[0]?.attributes).toMatchObject({
      target_machine: 'letterbox',
      event_type: 'letter',
      code: 'EVENT_NOT_ACCEPTED',
      principal_id: 'system',
    })
    await expect
      .poll(() => closed(writer), soon)
      .toEqual([{ outcome: 'error', last_error: expect.stringContaining('EVENT_NOT_ACCEPTED') }])
    expect(await engine.view(writer)).toMatchObject({ status: 'active', revision: 2 })
    await tell(writer, 'leave')
    expect(await engine.verifyChain()).toMatchObject({ valid: true })
  })

  test('the record of a refused letter names the neighbour who refused it', async () => {
    const { clock, build, tell, refusals } = await street()
    const neighbour = await build()
    const writer = await build(neighbour)
    await tell(neighbour, 'leave')
    await tell(writer, 'write.later')
    await clock.advance(MINUTE)
    await expect.poll(refusals, soon).toHaveLength(1)
    expect((await refusals())[0]?.attributes.target_id).toBe(neighbour)
  })

  test('the same letter can be written again, and arrives when somebody is at home', async () => {
    const { engine, clock, build, tell, refusals } = await street()
    const neighbour = await build()
    const writer = await build(neighbour)
    await tell(neighbour, 'leave')
    await tell(writer, 'write.later')
    await clock.advance(MINUTE)
    await expect.poll(refusals, soon).toHaveLength(1)
    await tell(neighbour, 'return')
    await tell(writer, 'write.later')
    await clock.advance(MINUTE)
    await engine.until(neighbour, ({ context }) => context.taken === 1)
    expect(await refusals()).toHaveLength(1)
  })

  test('a delayed letter that may be ignored is, without a word', async () => {
    const { engine, clock, build, tell, refusals, closed } = await street()
    const neighbour = await build()
    const writer = await build(neighbour)
    await tell(neighbour, 'leave')
    await tell(writer, 'write.later_if_welcome')
    await clock.advance(MINUTE)
    await expect.poll(async () => (await closed(writer)).map(({ outcome }) => outcome), soon).not.toEqual([null])
    expect(await refusals()).toEqual([])
    expect(engine.log.lines.filter(({ level }) => level === 'error')).toEqual([])
    for (const id of [writer, neighbour]) expect(await engine.view(id)).toMatchObject({ status: 'active', revision: 2 })
  })

  test('a delayed letter that may be ignored arrives all the same when somebody is at home', async () => {
    const { engine, clock, build, tell } = await street()
    const neighbour = await build()
    await tell(await build(neighbour), 'write.later_if_welcome')
    await clock.advance(MINUTE)
    await engine.until(neighbour, ({ context }) => context.taken === 1)
  })

  test('a letter passed on past sixty-four houses and then refused does not end the receiver', async () => {
    const { engine, build, tell, refusals, closed } = await street()
    const receiver = await build()
    await tell(receiver, 'leave')
    let house = receiver
    for (let i = 0; i < MAX_STEPS; i++) house = await build(house)
    await tell(house, 'write')
    await expect.poll(refusals, soon).toHaveLength(1)
    expect((await refusals())[0]?.attributes).toMatchObject({ target_id: receiver, code: 'EVENT_NOT_ACCEPTED' })
    await expect
      .poll(() => closed(receiver), soon)
      .toEqual([{ outcome: 'error', last_error: expect.stringContaining('EVENT_NOT_ACCEPTED') }])
    expect(await engine.view(receiver)).toMatchObject({ status: 'active', state: 'away', revision: 2 })
    expect(await engine.count({ tenant: 'default', machines: ['letterbox'], status: 'active' })).toBe(MAX_STEPS + 1)
    await tell(receiver, 'return')
    expect(await engine.verifyChain()).toMatchObject({ valid: true })
  })
})
