/** Our step is XState's own transition, told through another scope: same states, same contexts, same actions. */

import { expect, test } from 'vitest'
import { type AnyMachineSnapshot, createMachine, initialTransition, transition } from 'xstate'
import type { Moment } from '../../machines/definition.ts'
import { catalogue } from '../../machines/index.ts'
import { fromResting, statePaths, toText } from '../../src/engine/persisted.ts'
import { firstStep, step } from '../../src/engine/step.ts'
import { orderDefinition } from '../examples/order.ts'
import { alice } from '../support/engine.ts'

const instance_id = '01890a5d-ac96-774b-bcce-b302099a8057'
const identity = { instance_id, parent_id: null }

function moment(n: number): Moment {
  return { at: `2026-01-01T00:00:0${n}.000Z`, by: alice, id: `01890a5d-ac96-774b-bcce-b302099a800${n}` }
}

const path = [
  { type: 'xstate.done.actor.price', output: 1, actorId: 'price' },
  { type: 'order.paused' },
  { type: 'note.added' },
  { type: 'order.resumed' },
  { type: 'xstate.done.actor.reserveStock', output: { shelf: 'B2' }, actorId: 'reserveStock' },
  { type: 'xstate.done.actor.price', output: 1, actorId: 'price' },
  { type: 'payment.received', amount: 0 },
  { type: 'reminder' },
  { type: 'payment.received', amount: 5 },
]

test('every step of a path equals transition(), restored from its resting form each time', () => {
  const { machine } = orderDefinition
  const input = { order_no: 'o-1', neighbour_id: null }
  const first = moment(0)
  const stepped = firstStep(machine, identity, input, first)
  let ours = stepped.core
  let [theirs] = initialTransition(machine, { input, moment: first } as never) as [AnyMachineSnapshot, unknown]
  path.forEach((event, index) => {
    const now = moment(index + 1)
    ours = step(machine, identity, fromResting(machine, JSON.parse(toText(ours)), input), event, now).core
    const told = { ...theirs, context: { ...theirs.context, moment: now } }
    ;[theirs] = transition(machine, told as never, event as never) as unknown as [AnyMachineSnapshot, unknown]
    expect(ours.snapshot.value, event.type).toEqual(theirs.value)
    expect(ours.snapshot.context).toEqual(theirs.context)
    expect(ours.snapshot.status).toBe(theirs.status)
    expect(Object.keys(ours.children).sort()).toEqual(Object.keys(theirs.children).sort())
  })
  expect(statePaths(ours.snapshot)).toBe('shipping')
})

test('the same event at the same moment gives the same bytes and ids', () => {
  const { machine } = orderDefinition
  const input = { order_no: 'o-1', neighbour_id: null }
  const once = firstStep(machine, identity, input, moment(0))
  const again = firstStep(machine, identity, input, moment(0))
  expect(toText(again.core)).toBe(toText(once.core))
  expect(again.commands).toEqual(once.commands)
  expect(once.commands.map(({ kind }) => kind)).toEqual(['effect', 'effect'])
})

test('work begun and ended within one step never leaves it', () => {
  const { machine } = orderDefinition
  const begun = firstStep(machine, identity, { order_no: 'o-1', neighbour_id: null }, moment(0))
  const paused = step(machine, identity, begun.core, { type: 'order.paused' }, moment(1))
  expect(paused.commands.map(({ kind }) => kind)).toEqual(['cancel', 'cancel'])
  expect(paused.core.children).toEqual({})
})

test('a machine that does not begin with what it is started with is refused', () => {
  const forgetful = createMachine({ id: 'forgetful', context: () => ({ shelf: null }) })
  expect(() => firstStep(forgetful, identity, {}, moment(0))).toThrow('must begin its context')
})

test('every machine of the catalogue is fit to be hosted', () => {
  expect(catalogue.map(({ machine }) => machine.id).sort()).toEqual(['approval', 'orchestrator', 'refusal', 'run'])
})
