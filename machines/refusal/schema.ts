import { z } from 'zod'
import { momentSchema } from '../definition.ts'

/** What was refused, to whom, and why. */
export const refusalInputSchema = z.strictObject({
  target_id: z.uuid(),
  target_machine: z.string().min(1),
  event_type: z.string().min(1),
  code: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  message: z.string(),
  principal_id: z.string().min(1),
})
export type RefusalInput = z.infer<typeof refusalInputSchema>

export const refusalContextSchema = z.strictObject({ input: refusalInputSchema, moment: momentSchema })
export type RefusalContext = z.infer<typeof refusalContextSchema>
