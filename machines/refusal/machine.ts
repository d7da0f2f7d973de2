/** A refusal worth remembering: recorded in one step, and done. The instance it was aimed at does not move. */
import { setup } from 'xstate'
import type { Start } from '../definition.ts'
import type { RefusalContext, RefusalInput } from './schema.ts'

const recorded = ({ input: start }: { input: Start<RefusalInput> }): RefusalContext => ({ ...start })

export const refusalMachine = setup({
  types: {} as { context: RefusalContext; input: Start<RefusalInput> },
}).createMachine({
  id: 'refusal',
  version: '1.0.0',
  context: recorded,
  initial: 'recorded',
  states: { recorded: { type: 'final' } },
})
