import { z } from 'zod'
import { momentSchema } from '../definition.ts'

export const orchestratorInputSchema = z.strictObject({})
export type OrchestratorInput = z.infer<typeof orchestratorInputSchema>

export const orchestratorContextSchema = z.strictObject({
  input: orchestratorInputSchema,
  moment: momentSchema,
  /** Null while running. */
  halt_reason: z.string().nullable(),
})
export type OrchestratorContext = z.infer<typeof orchestratorContextSchema>

export const orchestratorEventSchemas = {
  halt: z.strictObject({ type: z.literal('halt'), reason: z.string().trim().min(1).max(1000) }),
  'halt.cleared': z.strictObject({ type: z.literal('halt.cleared') }),
}
export type OrchestratorEvent = z.infer<(typeof orchestratorEventSchemas)[keyof typeof orchestratorEventSchemas]>
