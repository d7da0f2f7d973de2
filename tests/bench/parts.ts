/** Which parts of the bench are to run: all, unless `--only` names some. */
import { parseArgs } from 'node:util'

const parts = ['events', 'runs', 'http', 'waiting', 'sealing'] as const

export function chosenParts(args: readonly string[]): ReadonlySet<string> {
  const { values } = parseArgs({ args: [...args], options: { only: { type: 'string' } } })
  const chosen = new Set(values.only?.split(',') ?? parts)
  const unknown = [...chosen].filter((name) => !parts.some((part) => part === name))
  if (unknown.length === 0) return chosen
  process.stderr.write(`The bench has no part "${unknown.join('", "')}": it has ${parts.join(', ')}\n`)
  process.exit(1)
}
