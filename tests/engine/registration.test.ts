/** The lint refuses what could not be made durable, and says what to write instead. */

import { describe, expect, test } from 'vitest'
import { assign, fromCallback, log, setup } from 'xstate'
import { z } from 'zod'
import { external, type MachineDefinition, momentSchema } from '../../machines/definition.ts'
import { registered } from '../../src/engine/registration.ts'

function definitionOf(machine: unknown, more: Partial<MachineDefinition> = {}): MachineDefinition {
  return {
    machine: machine as MachineDefinition['machine'],
    input: z.object({}),
    context: z.object({ input: z.object({}), moment: momentSchema }),
    events: { go: z.object({ type: z.literal('go') }) },
    access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { go: ['ADMIN'] } },
    describe: () => ({ title: '', attributes: {} }),
    ...more,
  }
}

const context = ({ input }: { input: unknown }) => ({ ...(input as object) })
const work = external<string, object>(z.string())
const base = { id: 'm', version: '1.0.0', context, initial: 'a' } as const
const parts = {
  actors: { work },
  guards: { ready: () => true },
  actions: { keep: assign({}) },
  delays: { soon: 10 },
}
const chart = (states: object, more: object = {}) =>
  setup(parts as never).createMachine({ ...base, ...more, states } as never)

const unfit: [string, unknown, string][] = [
  [
    'no version',
    setup({}).createMachine({ id: 'm', context, initial: 'a', states: { a: {} } } as never),
    'has no version',
  ],
  ['an inline action', chart({ a: { entry: () => {} } }), 'an action in a stands inline'],
  ['an inline assign', chart({ a: { on: { go: { actions: assign({}) } } } }), 'stands inline'],
  ['an inline guard', chart({ a: { on: { go: { guard: () => true } } } }), 'has its guard inline'],
  ['an unknown guard', chart({ a: { on: { go: { guard: 'raedy' } } } }), 'unknown guard "raedy"'],
  ['an unknown action', chart({ a: { entry: 'kep' } }), 'called "kep"'],
  ['an inline delay', chart({ a: { after: { 100: 'b' } }, b: {} }), 'has the delay 100 inline'],
  ['an unknown delay', chart({ a: { after: { later: 'b' } }, b: {} }), 'unknown delay "later"'],
  ['an invoke without id', chart({ a: { invoke: { src: 'work', onError: 'b' } }, b: {} }), 'has no id of its own'],
  ['an invoke without onError', chart({ a: { invoke: { id: 'w', src: 'work' } } }), 'has no onError'],
  [
    'an unknown source',
    chart({ a: { invoke: { id: 'w', src: 'wrok', onError: 'b' } }, b: {} }),
    'unknown source "wrok"',
  ],
  ['an inline actor', chart({ a: { invoke: { id: 'w', src: work, onError: 'b' } }, b: {} }), 'has its actor inline'],
  [
    'a systemId',
    chart({ a: { invoke: { id: 'w', src: 'work', systemId: 's', onError: 'b' } }, b: {} }),
    'has a systemId',
  ],
  ['a wildcard', chart({ a: { on: { '*': 'b' } }, b: {} }), 'takes "*"'],
  [
    'two invokes of one id',
    chart({
      a: { invoke: { id: 'w', src: 'work', onError: 'b' } },
      b: { invoke: { id: 'w', src: 'work', onError: 'a' } },
    }),
    'two invokes are called "w"',
  ],
  [
    'a logging action',
    setup({ actions: { tell: log('x') } }).createMachine({ ...base, states: { a: { entry: 'tell' } } } as never),
    'does something itself',
  ],
  [
    'a custom action',
    setup({ actions: { call: () => {} } }).createMachine({ ...base, states: { a: { entry: 'call' } } } as never),
    'does something itself',
  ],
  [
    'a callback actor',
    setup({ actors: { cb: fromCallback(() => {}) } }).createMachine({ ...base, states: { a: {} } } as never),
    'neither external(…) nor child(…)',
  ],
]

test.each(unfit)('a chart with %s is refused', (_, machine, message) => {
  expect(() => registered(definitionOf(machine))).toThrow(message)
})

test('all problems are told at once', () => {
  const machine = chart({ a: { entry: () => {}, on: { '*': 'b' } }, b: {} }, { version: undefined })
  expect(() => registered(definitionOf(machine))).toThrow(/has no version[\s\S]*stands inline[\s\S]*takes "\*"/)
})

describe('what stands beside the chart', () => {
  const fit = chart({ a: { on: { go: { guard: 'ready', target: 'b', actions: 'keep' } } }, b: {} })

  test('a fit machine is taken', () => {
    expect(registered(definitionOf(fit))).toMatchObject({
      name: 'm',
      version: '1.0.0',
      structural_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('a context without moment is refused', () => {
    expect(() => registered(definitionOf(fit, { context: z.object({ input: z.object({}) }) }))).toThrow(
      'has no "moment"',
    )
  })

  test('an event nobody may send is refused', () => {
    const access = { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: {} } as const
    expect(() => registered(definitionOf(fit, { access }))).toThrow('does not say who may send "go"')
  })

  test('access to an event that is not declared is refused', () => {
    const access = { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { go: ['ADMIN'], gone: ['ADMIN'] } } as const
    expect(() => registered(definitionOf(fit, { access }))).toThrow('names "gone"')
  })

  test("the host's own events cannot be declared", () => {
    const event = 'xstate.done.actor.w'
    const access = { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { [event]: ['ADMIN'] } } as const
    expect(() => registered(definitionOf(fit, { events: { [event]: z.object({}) }, access }))).toThrow("the host's own")
  })
})
