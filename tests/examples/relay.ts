/** Runners who pass a baton on to the next, whom each was told at its start. */
import { assign, sendTo, setup } from 'xstate'
import { z } from 'zod'
import { addressed, type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({ next_id: z.uuid().nullable() })
type Input = z.infer<typeof input>
type Relay = Start<Input> & { passed: number }

const machine = setup({
  types: {} as { context: Relay; input: Start<Input>; events: { type: 'baton' } },
  guards: { hasNext: ({ context }) => context.input.next_id !== null },
  actions: {
    count: assign({ passed: ({ context }) => context.passed + 1 }),
    pass: sendTo(({ context }) => addressed(context.input.next_id ?? ''), { type: 'baton' }),
  },
}).createMachine({
  id: 'relay',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, passed: 0 }),
  initial: 'waiting',
  states: { waiting: { on: { baton: [{ guard: 'hasNext', actions: ['count', 'pass'] }, { actions: 'count' }] } } },
})

export const relayDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({ input, moment: momentSchema, passed: z.int() }),
  events: { baton: z.strictObject({ type: z.literal('baton') }) },
  access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { baton: ['ADMIN'] } },
  describe: ({ passed }: Relay) => ({ title: 'Relay', attributes: { passed } }),
}
