/** A zod schema as JSON Schema 2020-12, as OpenAPI 3.1 and the catalogue show it. */
import { z } from 'zod'

export type JsonSchema = Readonly<Record<string, unknown>>

const made = { input: new WeakMap<z.ZodType, JsonSchema>(), output: new WeakMap<z.ZodType, JsonSchema>() }

/** `input` is what a caller may send, `output` what an answer holds. Made once per schema: every instance shows some. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const known = made[io].get(schema) ?? convert(schema, io)
  made[io].set(schema, known)
  return known
}

function convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      // A format says all that its regular expression does, in a word.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern
    },
  })
  return shape
}
