import type { MachineDefinition } from '../definition.ts'
import { orchestratorAccess } from './access.ts'
import { describeOrchestrator } from './describe.ts'
import { orchestratorMachine } from './machine.ts'
import { orchestratorContextSchema, orchestratorEventSchemas, orchestratorInputSchema } from './schema.ts'

export const orchestrator: MachineDefinition = {
  machine: orchestratorMachine,
  input: orchestratorInputSchema,
  context: orchestratorContextSchema,
  events: orchestratorEventSchemas,
  access: orchestratorAccess,
  describe: describeOrchestrator,
}
