import { expect, test } from 'vitest'
import { describeOrchestrator } from '../../../machines/orchestrator/describe.ts'
import { orchestratorMachine } from '../../../machines/orchestrator/machine.ts'
import { type OrchestratorContext, orchestratorEventSchemas } from '../../../machines/orchestrator/schema.ts'
import { given, grace } from '../support/walk.ts'

const running = given<OrchestratorContext>(orchestratorMachine, {})
const halted = running.when({ type: 'halt', reason: 'broken chain' }, grace)

test('the orchestrator runs until it is halted, and says why', () => {
  expect(running.state).toBe('running')
  expect(describeOrchestrator(running.context)).toMatchObject({ title: 'Orchestrator' })
  expect(halted.state).toBe('halted')
  expect(halted.context.halt_reason).toBe('broken chain')
  expect(describeOrchestrator(halted.context)).toMatchObject({ title: 'Halted: broken chain' })
})

test('it runs again once the halt is cleared', () => {
  const cleared = halted.when({ type: 'halt.cleared' }, grace)
  expect(cleared.state).toBe('running')
  expect(cleared.context.halt_reason).toBeNull()
})

test('what is halted cannot be halted again, nor what runs be cleared', () => {
  expect(halted.snapshot.can({ type: 'halt', reason: 'more' })).toBe(false)
  expect(running.snapshot.can({ type: 'halt.cleared' })).toBe(false)
})

test('a halt without a reason is none', () => {
  expect(orchestratorEventSchemas.halt.safeParse({ type: 'halt', reason: ' ' }).success).toBe(false)
})
