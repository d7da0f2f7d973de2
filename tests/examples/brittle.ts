/** A chart with faults of its own: some of its assigns throw. */
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { external, type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({ breaks_on_error_too: z.boolean() })
type Input = z.infer<typeof input>

const machine = setup({
  types: {} as { context: Start<Input>; input: Start<Input>; events: { type: 'crack' } },
  actors: { lift: external<string, object>(z.string()) },
  actions: {
    breakDown: assign(() => {
      throw new Error('this assign is broken')
    }),
    breakIfAsked: assign(({ context }) => {
      if (context.input.breaks_on_error_too) throw new Error('this one too')
      return {}
    }),
  },
}).createMachine({
  id: 'brittle',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start }),
  initial: 'lifting',
  on: { crack: { actions: 'breakDown' } },
  states: {
    lifting: {
      invoke: {
        id: 'lift',
        src: 'lift',
        input: {},
        onDone: { target: 'lifted', actions: 'breakDown' },
        onError: { target: 'dropped', actions: 'breakIfAsked' },
      },
    },
    lifted: { type: 'final' },
    dropped: { type: 'final' },
  },
})

export const brittleDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({ input, moment: momentSchema }),
  events: { crack: z.strictObject({ type: z.literal('crack') }) },
  access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { crack: ['ADMIN'] } },
  describe: () => ({ title: 'Brittle', attributes: {} }),
}
