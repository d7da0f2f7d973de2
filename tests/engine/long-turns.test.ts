/** A turn is bounded; what does not fit goes on in turns of its own, and nothing is lost on the way. */
import { describe, expect, test } from 'vitest'
import { MAX_STEPS } from '../../src/engine/turn.ts'
import { relayDefinition } from '../examples/relay.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

describe.each(testStores)('on $name', ({ open }) => {
  test('a baton reaches everybody once, though the first turn ends after sixty-four steps', async () => {
    const { store } = await open()
    const engine = engineOn(store, [relayDefinition])
    await engine.open()
    const runners: string[] = []
    for (let i = 0; i < MAX_STEPS * 2 + 10; i++) {
      const next_id = runners.at(-1) ?? null
      runners.push((await engine.start({ machine: 'relay', input: { next_id }, by: alice })).instance_id)
    }
    const before = (await engine.head()).next_sequence
    await engine.send({ instance_id: runners.at(-1) as string, event: { type: 'baton' }, by: alice })
    expect((await engine.head()).next_sequence - before).toBeGreaterThanOrEqual(MAX_STEPS)
    await engine.until(runners[0] as string, ({ context }) => context.passed === 1)
    const views = await engine.listViews({ tenant: 'default', machines: ['relay'], limit: 500 })
    expect(views.map(({ context }) => context.passed)).toEqual(runners.map(() => 1))
    expect(await engine.verifyChain()).toMatchObject({ valid: true })
    await engine.stop()
  })
})
