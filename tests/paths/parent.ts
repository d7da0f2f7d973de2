/** A parent for machines that only live as children: it takes what the child tells it, and hands on what it is told to. */
import { sendTo, setup } from 'xstate'
import { z } from 'zod'
import { child, type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'

const input = z.strictObject({ of_child: z.unknown() })
type Input = z.infer<typeof input>

/** The child's id in its parent's chart. */
export const CHILD = 'child'

interface Manners {
  readonly takes: readonly string[]
  readonly handsOn?: readonly string[]
}

export function parentOf({ machine: ofChild }: MachineDefinition, { takes, handsOn = [] }: Manners): MachineDefinition {
  const machine = setup({
    types: {} as { context: Start<Input>; input: Start<Input>; events: { type: string } },
    actors: { child: child<unknown, object>(ofChild) },
    actions: { handOn: sendTo(CHILD, ({ event }) => event) },
  }).createMachine({
    id: `parent_of_${ofChild.id}`,
    version: '1.0.0',
    context: ({ input: start }) => ({ ...start }),
    initial: 'minding',
    states: {
      minding: {
        invoke: {
          id: CHILD,
          src: 'child',
          input: ({ context }) => context.input.of_child as object,
          onDone: 'over',
          onError: 'over',
        },
        on: {
          ...Object.fromEntries(takes.map((type) => [type, {}])),
          ...Object.fromEntries(handsOn.map((type) => [type, { actions: 'handOn' }])),
        },
      },
      over: { type: 'final' },
    },
  })
  const types = [...takes, ...handsOn]
  return {
    machine,
    input,
    context: z.object({ input, moment: momentSchema }),
    events: Object.fromEntries(types.map((type) => [type, z.looseObject({ type: z.literal(type) })])),
    access: {
      start: ['ADMIN'],
      read: { any: ['ADMIN'] },
      events: Object.fromEntries(types.map((type) => [type, 'internal'])),
    },
    describe: () => ({ title: machine.id, attributes: {} }),
  }
}
