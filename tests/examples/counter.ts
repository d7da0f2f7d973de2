/** The smallest machine worth measuring: one state, one event, one guard, one assign. */
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({ note: z.string() })
type Counter = Start<z.infer<typeof input>> & { count: number; note: string }

const machine = setup({
  types: {} as { context: Counter; input: Start<z.infer<typeof input>>; events: { type: 'counted'; by: number } },
  guards: { forward: ({ event }) => event.by > 0 },
  actions: { count: assign({ count: ({ context, event }) => context.count + event.by }) },
}).createMachine({
  id: 'counter',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, count: 0, note: start.input.note }),
  initial: 'counting',
  states: { counting: { on: { counted: { guard: 'forward', actions: 'count' } } } },
})

export const counterDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({ input, moment: momentSchema, count: z.int(), note: z.string() }),
  events: { counted: z.strictObject({ type: z.literal('counted'), by: z.int() }) },
  access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { counted: ['ADMIN'] } },
  describe: ({ count }: Counter) => ({ title: 'Counter', attributes: { count } }),
}
