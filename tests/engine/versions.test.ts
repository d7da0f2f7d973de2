/**
 * While a new version of a machine is rolled out, servers that do not have it yet run beside those that do. They leave
 * its instances alone: their work, their timers, and their record.
 */
import { describe, expect, test, vi } from 'vitest'
import type { MachineDefinition, Principal } from '../../machines/definition.ts'
import { catalogue } from '../../machines/index.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'
import { watched } from './support/watched.ts'

const old = [...catalogue.filter(({ machine }) => machine.id === 'orchestrator'), parcelDefinition, orderDefinition]
const newer: MachineDefinition = {
  ...orderDefinition,
  machine: Object.assign(orderDefinition.machine.provide({}), { version: '2.0.0' }),
}
const robot: Principal = { id: 'robot', kind: 'service', tenant: 'default', roles: ['executor'] }
const MINUTE = 60_000

describe.each(testStores.filter(({ name }) => name === 'postgres'))('on $name', ({ open }) => {
  /** A server without the new version, and an order of that version begun on another one. */
  async function rollout(registration: Parameters<typeof orderHandlers>[0], later_ms = 0) {
    const { store, again } = await open()
    const watchedStore = watched(store)
    const newerClock = fakeClock()
    const clock = fakeClock(newerClock.now() + later_ms)
    const behind = engineOn(watchedStore, old, { handlers: orderHandlers(registration), clock })
    await behind.open()
    const ahead = engineOn(await again(), [...old, newer], {
      handlers: orderHandlers({ kind: 'remote' }),
      clock: newerClock,
    })
    await ahead.open()
    const { instance_id } = await ahead.start({ machine: 'order', input: { order_no: 'v-2' }, by: alice })
    expect(await ahead.view(instance_id)).toMatchObject({ version: '2.0.0' })
    /** Time passes until the server that is behind has looked three times for what there is to do. */
    async function lookedFor(question: Parameters<typeof watchedStore.answered>[0]) {
      const before = watchedStore.answered(question)
      await vi.waitFor(
        async () => {
          await clock.advance(1_000)
          expect(watchedStore.answered(question)).toBeGreaterThanOrEqual(before + 3)
        },
        { timeout: 5_000, interval: 5 },
      )
    }
    const claim = (engine: typeof ahead) => engine.claim({ executor: robot, sources: ['order.reserveStock'], limit: 5 })
    return { behind, ahead, newerClock, instance_id, lookedFor, claim }
  }

  test('a server that lacks the version does not begin its work, only that of versions it has', async () => {
    const shelves: string[] = []
    const { behind, ahead, instance_id, lookedFor, claim } = await rollout({
      kind: 'durable',
      run: async () => {
        shelves.push('A1')
        return { shelf: 'A1' }
      },
    })
    await lookedFor('what work is free')
    expect(shelves).toEqual([])
    const own = await behind.start({ machine: 'order', input: { order_no: 'v-1' }, by: alice })
    await behind.until(own.instance_id, ({ version, context }) => version === '1.0.0' && context.shelf === 'A1')
    await lookedFor('what work is free')
    expect(shelves).toEqual(['A1'])
    expect(behind.log.lines.filter(({ level }) => level !== 'info')).toEqual([])
    expect(await claim(ahead)).toMatchObject([{ instance_id, attempt: 1, delivery: 1 }])
  })

  test('a server that lacks the version hands none of its work to remote executors', async () => {
    const { behind, ahead, instance_id, claim } = await rollout({ kind: 'remote' })
    expect(await claim(behind)).toEqual([])
    expect(await claim(ahead)).toMatchObject([{ instance_id, attempt: 1, delivery: 1 }])
  })

  test('a server that lacks the version does not fire its timers; one that has it does', async () => {
    const { behind, ahead, newerClock, instance_id, lookedFor } = await rollout({ kind: 'remote' }, 20 * MINUTE)
    await lookedFor('which timers are due')
    expect(await ahead.view(instance_id)).toMatchObject({ status: 'active', revision: 2, context: { reminders: 0 } })
    expect(behind.log.lines.filter(({ level }) => level !== 'info')).toEqual([])
    await newerClock.advance(MINUTE)
    await ahead.until(instance_id, ({ context }) => context.reminders === 1)
  })

  test('a server that lacks the version does not doubt its record', async () => {
    const { behind, ahead, instance_id } = await rollout({ kind: 'remote' })
    await ahead.send({ instance_id, event: { type: 'note.added' }, by: alice })
    expect(await behind.verifyInstance('default', instance_id)).toMatchObject({ valid: true })
    expect(await behind.verifyChain()).toMatchObject({ valid: true, broken_at: null })
    expect(await behind.head()).toMatchObject({ halted: false })
  })
})
