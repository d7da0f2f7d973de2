import type { MachineDefinition } from '../definition.ts'
import { approvalAccess } from './access.ts'
import { describeApproval } from './describe.ts'
import { approvalMachine } from './machine.ts'
import { refuseReview } from './refuse.ts'
import { approvalContextSchema, approvalEventSchemas, approvalInputSchema } from './schema.ts'

export const approval: MachineDefinition = {
  machine: approvalMachine,
  input: approvalInputSchema,
  context: approvalContextSchema,
  events: approvalEventSchemas,
  access: approvalAccess,
  describe: describeApproval,
  refuse: refuseReview,
}
