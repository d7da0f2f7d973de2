/** An offer that stands until somebody takes it or its time is up: what most instances do most of the time. */
import { setup } from 'xstate'
import { z } from 'zod'
import { type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({ note: z.string(), stands_for_s: z.int().positive() })
type Offer = Start<z.infer<typeof input>>

const machine = setup({
  types: {} as { context: Offer; input: Offer; events: { type: 'take' } },
  delays: { itsTime: ({ context }) => context.input.stands_for_s * 1_000 },
}).createMachine({
  id: 'offer',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start }),
  initial: 'open',
  states: {
    open: { tags: ['waiting'], after: { itsTime: 'lapsed' }, on: { take: 'taken' } },
    taken: { type: 'final' },
    lapsed: { type: 'final' },
  },
})

export const offerDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({ input, moment: momentSchema }),
  events: { take: z.strictObject({ type: z.literal('take') }) },
  access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { take: ['ADMIN'] } },
  describe: () => ({ title: 'Offer', attributes: {} }),
}
