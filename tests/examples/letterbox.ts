/** Neighbours who write to each other, at once or a minute later, and take letters only while they are at home. */
import { assign, sendTo, setup } from 'xstate'
import { z } from 'zod'
import { addressed, type MachineDefinition, momentSchema, optional, type Start } from '../../machines/definition.ts'

const input = z.strictObject({ next_id: z.uuid().nullable().default(null) })
type Input = z.infer<typeof input>
type Letterbox = Start<Input> & { taken: number }

const next = ({ context }: { context: Letterbox }) => addressed(context.input.next_id ?? '')
const letter = { type: 'letter', text: 'hello' } as const
const plain = ['write', 'write.if_welcome', 'write.later', 'write.later_if_welcome', 'leave', 'return'] as const
type Plain = (typeof plain)[number] | 'write.rubbish'

const machine = setup({
  types: {} as {
    context: Letterbox
    input: Start<Input>
    events: { type: Plain } | { type: 'letter'; text: string }
  },
  guards: { hasNext: ({ context }) => context.input.next_id !== null },
  delays: { aMinute: 60_000 },
  actions: {
    take: assign({ taken: ({ context }) => context.taken + 1 }),
    write: sendTo(next, letter),
    writeIfWelcome: sendTo(next, letter, optional),
    writeLater: sendTo(next, letter, { delay: 'aMinute' }),
    writeLaterIfWelcome: sendTo(next, letter, { ...optional, delay: 'aMinute' }),
    writeRubbish: sendTo(next, { type: 'letter', text: 7 } as never),
  },
}).createMachine({
  id: 'letterbox',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, taken: 0 }),
  initial: 'home',
  on: {
    write: { actions: 'write' },
    'write.if_welcome': { actions: 'writeIfWelcome' },
    'write.later': { actions: 'writeLater' },
    'write.later_if_welcome': { actions: 'writeLaterIfWelcome' },
    'write.rubbish': { actions: 'writeRubbish' },
  },
  states: {
    home: {
      on: {
        leave: 'away',
        // Whoever has a neighbour passes the letter on.
        letter: [{ guard: 'hasNext', actions: ['take', 'write'] }, { actions: 'take' }],
      },
    },
    away: { on: { return: 'home' } },
  },
})

const everyone = ['ADMIN'] as const
const types = [...plain, 'write.rubbish'] as const

export const letterboxDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({ input, moment: momentSchema, taken: z.int() }),
  events: {
    ...Object.fromEntries(types.map((type) => [type, z.strictObject({ type: z.literal(type) })])),
    letter: z.strictObject({ type: z.literal('letter'), text: z.string() }),
  },
  access: {
    start: everyone,
    read: { any: everyone },
    events: { ...Object.fromEntries(types.map((type) => [type, everyone])), letter: everyone },
  },
  describe: ({ taken }: Letterbox) => ({ title: 'Letterbox', attributes: { taken } }),
}
