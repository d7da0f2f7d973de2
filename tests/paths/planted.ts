/** Two small machines for the suite's own tests: a chest with a state nobody reaches, and a gate that asks twice. */
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { external, type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({})
const only = <T extends string>(type: T) => z.strictObject({ type: z.literal(type) })
const admitted = { start: ['ADMIN'], read: { any: ['ADMIN'] } } as const

type Chest = Start<object> & { kg: number }
type ChestEvent = { type: 'unlocked'; key: string } | { type: 'emptied' } | { type: 'found' }

const chestMachine = setup({
  types: {} as { context: Chest; input: Start<object>; events: ChestEvent },
  actors: { weigh: external<number, object>(z.number()) },
  guards: {
    hasKey: ({ event }) => event.type === 'unlocked' && event.key === 'brass',
    isEmpty: ({ context }) => context.kg < 0,
  },
}).createMachine({
  id: 'chest',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, kg: 0 }),
  initial: 'weighing',
  states: {
    weighing: { invoke: { id: 'weigh', src: 'weigh', input: {}, onDone: 'shut', onError: 'broken' } },
    shut: { on: { unlocked: { guard: 'hasKey', target: 'open' } } },
    open: { on: { emptied: [{ guard: 'isEmpty', target: 'broken' }, { target: 'shut' }] } },
    lost: { on: { found: 'shut' } },
    broken: { type: 'final' },
  },
})

export const chest: MachineDefinition = {
  machine: chestMachine,
  input,
  context: z.object({ input, moment: momentSchema, kg: z.number() }),
  events: {
    unlocked: z.strictObject({ type: z.literal('unlocked'), key: z.string() }),
    emptied: only('emptied'),
    found: only('found'),
  },
  access: { ...admitted, events: { unlocked: ['ADMIN'], emptied: ['ADMIN'], found: ['ADMIN'] } },
  describe: () => ({ title: 'Chest', attributes: {} }),
}

type Gate = Start<object> & { turns: number; paid: boolean }
type GateEvent = { type: 'turned' } | { type: 'paid' } | { type: 'walked' }

const gateMachine = setup({
  types: {} as { context: Gate; input: Start<object>; events: GateEvent },
  guards: { isTurned: ({ context }) => context.turns > 0, isPaid: ({ context }) => context.paid },
  actions: { turn: assign({ turns: ({ context }) => context.turns + 1 }), pay: assign({ paid: true }) },
}).createMachine({
  id: 'gate',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, turns: 0, paid: false }),
  initial: 'locked',
  states: {
    locked: { always: { guard: 'isTurned', target: 'passage' }, on: { turned: { actions: 'turn' } } },
    passage: {
      initial: 'near',
      onDone: { guard: 'isPaid', target: 'passed' },
      states: { near: { on: { paid: { actions: 'pay' }, walked: 'far' } }, far: { type: 'final' } },
    },
    passed: { type: 'final' },
  },
})

export const gate: MachineDefinition = {
  machine: gateMachine,
  input,
  context: z.object({ input, moment: momentSchema, turns: z.int(), paid: z.boolean() }),
  events: { turned: only('turned'), paid: only('paid'), walked: only('walked') },
  access: { ...admitted, events: { turned: ['ADMIN'], paid: ['ADMIN'], walked: ['ADMIN'] } },
  describe: () => ({ title: 'Gate', attributes: {} }),
}
