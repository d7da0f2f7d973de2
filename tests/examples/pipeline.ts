/** Five pieces of work one after another, as an orchestration run has them; nothing else. */
import { setup } from 'xstate'
import { z } from 'zod'
import { external, type MachineDefinition, momentSchema, type Start } from '../../machines/definition.ts'
import type { Handlers } from '../../src/engine/types.ts'

const input = z.strictObject({ note: z.string() })
type Input = z.infer<typeof input>

const nodes = ['load', 'plan', 'execute', 'collect', 'gate'] as const
const piece = external<{ ok: boolean }, Input>(z.strictObject({ ok: z.boolean() }))
const told = ({ context }: { context: Start<Input> }) => context.input
const working = (node: (typeof nodes)[number], next: string) => ({
  invoke: { id: node, src: node, input: told, onDone: next, onError: 'failed' },
})

const machine = setup({
  types: {} as { context: Start<Input>; input: Start<Input> },
  actors: { load: piece, plan: piece, execute: piece, collect: piece, gate: piece },
}).createMachine({
  id: 'pipeline',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start }),
  initial: 'load',
  states: {
    load: working('load', 'plan'),
    plan: working('plan', 'execute'),
    execute: working('execute', 'collect'),
    collect: working('collect', 'gate'),
    gate: working('gate', 'judged'),
    judged: { type: 'final' },
    failed: { type: 'final' },
  },
})

export const pipelineDefinition: MachineDefinition = {
  machine,
  input,
  context: z.object({ input, moment: momentSchema }),
  events: {},
  access: { start: ['ADMIN'], read: { any: ['ADMIN'] }, events: {} },
  describe: () => ({ title: 'Pipeline', attributes: {} }),
}

/** All five done at once, as durable work or within the turn. */
export function pipelineHandlers(kind: 'durable' | 'inline'): Handlers {
  const registration =
    kind === 'inline'
      ? { kind, run: () => ({ ok: true }) }
      : { kind, run: async () => ({ ok: true }), concurrency: 1_000 }
  return Object.fromEntries(nodes.map((node) => [`pipeline.${node}`, registration]))
}
