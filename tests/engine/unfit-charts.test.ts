/** Charts that would go wrong in silence, at some later time: they are refused before anything runs. */
import { expect, test } from 'vitest'
import { assign, cancel, emit, raise, sendParent, sendTo, setup } from 'xstate'
import { z } from 'zod'
import { addressed, type MachineDefinition, momentSchema } from '../../machines/definition.ts'
import { registered } from '../../src/engine/registration.ts'

const go = { type: 'go' } as const
const somebody = () => addressed('01890a5d-ac96-774b-bcce-b302099a8057')

function definitionOf(states: object, actions: object = {}): MachineDefinition {
  const machine = setup({ actions, delays: { soon: 10 } } as never).createMachine({
    id: 'm',
    version: '1.0.0',
    context: ({ input }: { input: object }) => ({ ...input }),
    initial: 'a',
    states,
  } as never)
  return {
    machine: machine as unknown as MachineDefinition['machine'],
    input: z.object({}),
    context: z.object({ input: z.object({}), moment: momentSchema }),
    events: { go: z.object({ type: z.literal('go') }) },
    access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { go: ['ADMIN'] } },
    describe: () => ({ title: '', attributes: {} }),
  }
}

const delayed: [string, unknown][] = [
  ['raises', raise(go, { delay: 'sooon' } as never)],
  ['sends', sendTo(somebody, go, { delay: 'sooon' } as never)],
  ['tells its parent', sendParent(go, { delay: 'sooon' } as never)],
]

test.each(delayed)('a chart that %s something after a delay nobody knows is refused', (_, later) => {
  expect(() => registered(definitionOf({ a: { entry: 'later' } }, { later }))).toThrow(
    'action "later" waits for the unknown delay "sooon"',
  )
})

test('one that knows its delays is taken', () => {
  const later = raise(go, { delay: 'soon' } as never)
  expect(registered(definitionOf({ a: { entry: 'later' } }, { later }))).toMatchObject({ name: 'm' })
})

test.each(['*', 'order.*', 'xstate.*', 'xstate.done.*'])('a chart that takes "%s" is refused', (type) => {
  expect(() => registered(definitionOf({ a: { on: { [type]: 'b' } }, b: {} }))).toThrow(
    `takes "${type}", which would also take outcomes and timers`,
  )
})

const inline: [string, unknown][] = [
  ['raise', raise(go)],
  ['delayed raise', raise(go, { delay: 10 })],
  ['cancel', cancel('x')],
  ['sendTo', sendTo(somebody, go)],
  ['emit', emit(go)],
  ['assign', assign({})],
]

test.each(inline)('a chart with a %s standing inline is refused, wherever it stands', (_, actions) => {
  for (const state of [
    { on: { go: { actions } } },
    { on: { go: { actions: [actions] } } },
    { entry: actions },
    { exit: actions },
    { always: { actions } },
    { after: { soon: { actions } } },
  ]) {
    expect(() => registered(definitionOf({ a: state }))).toThrow('stands inline: name it in setup({ actions })')
  }
})
