/** The whole system as an instance of its own: while it is halted, everything may be read and nothing written. */
import { assign, setup } from 'xstate'
import type { Start } from '../definition.ts'
import type { OrchestratorContext, OrchestratorEvent, OrchestratorInput } from './schema.ts'

const started = ({ input: start }: { input: Start<OrchestratorInput> }): OrchestratorContext => ({
  ...start,
  halt_reason: null,
})

const reasonOf = ({ event }: { event: OrchestratorEvent }) => ({
  halt_reason: event.type === 'halt' ? event.reason : null,
})

export const orchestratorMachine = setup({
  types: {} as { context: OrchestratorContext; input: Start<OrchestratorInput>; events: OrchestratorEvent },
  actions: { keepReason: assign(reasonOf) },
}).createMachine({
  id: 'orchestrator',
  version: '1.0.0',
  context: started,
  initial: 'running',
  states: {
    running: { tags: 'active', on: { halt: { target: 'halted', actions: 'keepReason' } } },
    halted: { tags: 'waiting_for_human', on: { 'halt.cleared': { target: 'running', actions: 'keepReason' } } },
  },
})
