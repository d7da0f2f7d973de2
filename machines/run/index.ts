import type { MachineDefinition } from '../definition.ts'
import { runAccess } from './access.ts'
import { describeRun } from './describe.ts'
import { runMachine } from './machine.ts'
import { refuseCancellation } from './refuse.ts'
import { orchestrationInputSchema, runContextSchema, runEventSchemas } from './schema.ts'

export const run: MachineDefinition = {
  machine: runMachine,
  input: orchestrationInputSchema,
  context: runContextSchema,
  events: runEventSchemas,
  access: runAccess,
  describe: describeRun,
  refuse: refuseCancellation,
}
