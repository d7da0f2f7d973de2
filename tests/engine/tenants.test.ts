/** An instance may write to any other whose id it knows, but never to one of another tenant. */
import { describe, expect, test } from 'vitest'
import type { Principal } from '../../machines/definition.ts'
import { catalogue } from '../../machines/index.ts'
import { letterboxDefinition } from '../examples/letterbox.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'
import { watched } from './support/watched.ts'

const bob: Principal = { ...alice, id: 'bob', tenant: 'other' }
const machines = [...catalogue.filter(({ machine }) => machine.id === 'refusal'), letterboxDefinition]

describe.each(testStores)('on $name', ({ open }) => {
  async function twoTenants() {
    const opened = await open()
    const store = watched(opened.store)
    const clock = fakeClock()
    const engine = engineOn(store, machines, { clock })
    await engine.open()
    const theirs = await engine.start({ machine: 'letterbox', input: {}, by: bob })
    const { instance_id } = await engine.start({
      machine: 'letterbox',
      input: { next_id: theirs.instance_id },
      by: alice,
    })
    const entries = async () => (await engine.journal('other', theirs.instance_id, 1, 10)).length
    return { engine, clock, store, theirs: theirs.instance_id, instance_id, entries }
  }

  test.each(['write', 'write.if_welcome'])('an instance that does "%s" finds nobody there', async (type) => {
    const { engine, theirs, instance_id, entries } = await twoTenants()
    await expect(engine.send({ instance_id, event: { type }, by: alice })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
      fields: { instance_id: theirs },
    })
    expect(await entries()).toBe(1)
    expect(await engine.view(instance_id)).toMatchObject({ revision: 1 })
  })

  test('nor a minute later, and the refusal stays with the sender’s tenant', async () => {
    const { engine, clock, instance_id, entries } = await twoTenants()
    await engine.send({ instance_id, event: { type: 'write.later' }, by: alice })
    await clock.advance(60_000)
    const refusals = () => engine.listViews({ tenant: 'default', machines: ['refusal'], limit: 5 })
    await expect.poll(refusals, { timeout: 5_000 }).toHaveLength(1)
    expect((await refusals())[0]?.attributes).toMatchObject({ code: 'INSTANCE_NOT_FOUND', event_type: 'letter' })
    expect(await engine.count({ tenant: 'other', machines: ['refusal'] })).toBe(0)
    expect(await entries()).toBe(1)
    expect(await engine.view(instance_id)).toMatchObject({ status: 'active', revision: 2 })
  })

  test('nobody sends to, reads or verifies what belongs to another tenant', async () => {
    const { engine, theirs, entries } = await twoTenants()
    await expect(engine.send({ instance_id: theirs, event: { type: 'leave' }, by: alice })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    })
    expect(await engine.instance('default', theirs)).toBeNull()
    expect(await engine.verifyInstance('default', theirs)).toBeNull()
    expect(await entries()).toBe(1)
  })
})
