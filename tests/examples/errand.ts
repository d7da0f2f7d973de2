/**
 * An errand somebody is sent on and may be called back from. What it keeps of the answer can be made such that no
 * record could hold it, and an unspeakable answer is one its description fails over.
 */
import { assign, sendTo, setup } from 'xstate'
import { z } from 'zod'
import { external, type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({
  keeps: z.enum(['the answer', 'NaN', 'a date', 'a bigint']).default('the answer'),
  called_back_at_once: z.boolean().default(false),
})
type Input = z.infer<typeof input>
type Errand = Start<Input> & { kept: unknown; problem: string | null; called_back: boolean }

const unrecordable = { NaN: Number.NaN, 'a date': new Date(0), 'a bigint': 1n }

const machine = setup({
  types: {} as { context: Errand; input: Start<Input>; events: { type: 'call.back' } | { type: 'spoil' } },
  actors: { run: external<unknown, object>(z.unknown()) },
  guards: { isToComeBack: ({ context }) => context.input.called_back_at_once && !context.called_back },
  actions: {
    keep: assign(({ context: { input: started }, event }) => ({
      kept:
        started.keeps === 'the answer' ? (event as unknown as { output: unknown }).output : unrecordable[started.keeps],
    })),
    keepProblem: assign(({ event }) => ({ problem: JSON.stringify((event as unknown as { error: unknown }).error) })),
    spoil: assign({ kept: Number.NaN }),
    noteCall: assign({ called_back: true }),
    callBack: sendTo('errand', { type: 'abort' } as never),
  },
}).createMachine({
  id: 'errand',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, kept: null, problem: null, called_back: false }),
  initial: 'away',
  on: { spoil: { actions: 'spoil' } },
  states: {
    away: {
      invoke: {
        id: 'errand',
        src: 'run',
        input: {},
        onDone: { target: 'back', actions: 'keep' },
        onError: { target: 'failed', actions: 'keepProblem' },
      },
      always: { guard: 'isToComeBack', actions: ['noteCall', 'callBack'] },
      on: { 'call.back': { actions: ['noteCall', 'callBack'] } },
    },
    back: { type: 'final' },
    failed: { type: 'final' },
  },
})

const only = <T extends string>(type: T) => z.strictObject({ type: z.literal(type) })

export const errandDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({
    input,
    moment: momentSchema,
    kept: z.unknown(),
    problem: z.string().nullable(),
    called_back: z.boolean(),
  }),
  events: { 'call.back': only('call.back'), spoil: only('spoil') },
  access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: { 'call.back': ['ADMIN'], spoil: ['ADMIN'] } },
  describe({ kept }: Errand) {
    if (kept === 'unspeakable') throw new Error('there are no words for it')
    return { title: 'Errand', attributes: {} }
  },
}
