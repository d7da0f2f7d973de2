import type { RunContext } from './schema.ts'

/** What the states before have filled in; that it is missing is a fault of the chart. */
export function known<Key extends keyof RunContext>(context: RunContext, key: Key): NonNullable<RunContext[Key]> {
  const value = context[key]
  if (value === null) throw new Error(`Run ${context.run_id} has come here without its ${key}`)
  return value as NonNullable<RunContext[Key]>
}
