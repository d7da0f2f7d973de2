import type { MachineDefinition } from '../definition.ts'
import { refusalAccess } from './access.ts'
import { describeRefusal } from './describe.ts'
import { refusalMachine } from './machine.ts'
import { refusalContextSchema, refusalInputSchema } from './schema.ts'

export const refusal: MachineDefinition = {
  machine: refusalMachine,
  input: refusalInputSchema,
  context: refusalContextSchema,
  events: {},
  access: refusalAccess,
  describe: describeRefusal,
}
