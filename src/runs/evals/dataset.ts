/** The golden dataset of the regression evals (§16): requests, and what must come of each. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { evidenceSummarySchema } from '../../../machines/run/evidence.ts'
import { decisionSchema, orchestrationRequestSchema } from '../../../machines/run/schema.ts'

const caseSchema = z.strictObject({
  id: z.string().regex(/^[\w.-]{1,100}$/, 'letters, digits, ".", "_" and "-"'),
  input_nl: orchestrationRequestSchema.shape.nl_input,
  /** `tool_name` and `timeout_s` as a request has them; every other key is an argument of the tool. */
  options: z.looseObject({ tool_name: z.string().min(1), timeout_s: z.int().min(1).max(3600).optional() }),
  expected: z.strictObject({
    decision: decisionSchema,
    summary: evidenceSummarySchema.partial().optional(),
  }),
})
export type EvalCase = z.infer<typeof caseSchema>

const datasetSchema = z.strictObject({
  version: z.coerce.string(),
  description: z.string(),
  cases: z
    .array(caseSchema)
    .min(1)
    .refine((cases) => new Set(cases.map(({ id }) => id)).size === cases.length, 'each id must be there once'),
})
export type Dataset = z.infer<typeof datasetSchema>

/** Throws an Error that names the file and each field that is wrong. */
export function datasetFrom(path: string): Dataset {
  const document = parse(readFileSync(path, 'utf8'), { uniqueKeys: true })
  const { success, data, error } = datasetSchema.safeParse(document)
  if (success) return data
  const lines = error.issues.map((issue) => `  - ${issue.path.join('.') || 'the file'}: ${issue.message}`)
  throw new Error(`The dataset ${path} cannot be used:\n${lines.join('\n')}`)
}
