/** A machine with one of everything the generic routes must keep apart: public, reserved, remote. */
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { external, type MachineDefinition, momentSchema, type Start } from '../../../machines/definition.ts'

const inputSchema = z.strictObject({ label: z.string().trim().min(1).max(100) })
type Input = z.infer<typeof inputSchema>

const contextSchema = z.strictObject({
  input: inputSchema,
  moment: momentSchema,
  owner_id: z.string(),
  weight_g: z.int().nullable(),
  tracking: z.string().nullable(),
})
type Context = z.infer<typeof contextSchema>

const events = {
  pack: z.strictObject({ type: z.literal('pack'), weight_g: z.int().min(1) }),
  ship: z.strictObject({ type: z.literal('ship') }),
  inspected: z.strictObject({ type: z.literal('inspected') }),
  seized: z.strictObject({ type: z.literal('seized') }),
}
type Event = z.infer<(typeof events)[keyof typeof events]>

const machine = setup({
  types: {} as { context: Context; input: Start<Input>; events: Event },
  actors: { buyLabel: external<{ tracking: string }, { label: string }>(z.strictObject({ tracking: z.string() })) },
  actions: {
    weigh: assign(({ event }) => (event.type === 'pack' ? { weight_g: event.weight_g } : {})),
    track: assign((_, { tracking }: { tracking: string }) => ({ tracking })),
  },
}).createMachine({
  id: 'parcel',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, owner_id: start.moment.by.id, weight_g: null, tracking: null }),
  initial: 'open',
  on: { seized: '.lost' },
  states: {
    open: { tags: 'here', on: { pack: { target: 'packed', actions: 'weigh' } } },
    packed: { tags: 'here', on: { ship: 'shipping', inspected: 'open' } },
    shipping: {
      invoke: {
        id: 'buyLabel',
        src: 'buyLabel',
        input: ({ context }) => ({ label: context.input.label }),
        onDone: { target: 'gone', actions: { type: 'track', params: ({ event }) => event.output } },
        onError: 'lost',
      },
    },
    gone: { type: 'final' },
    lost: { type: 'final' },
  },
})

export const parcel: MachineDefinition = {
  machine,
  input: inputSchema,
  context: contextSchema,
  events,
  access: {
    start: ['USER', 'ADMIN'],
    read: { any: ['ADMIN'], own: { roles: ['USER'], attribute: 'owner_id' } },
    events: { pack: ['USER', 'ADMIN'], ship: ['USER', 'ADMIN'], inspected: 'operation', seized: 'internal' },
  },
  describe: ({ input, owner_id, weight_g }: Context) => ({ title: input.label, attributes: { owner_id, weight_g } }),
}
