/** The environment, read in this one place. A value that cannot be used stops the start, named by its variable. */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { CannotStart } from './cannot-start.ts'

const sampleProject = fileURLToPath(new URL('../tests/samples/shop', import.meta.url))

const wholeNumber = (least: number, most: number) =>
  z.coerce
    .number({ error: `a whole number from ${least} to ${most}` })
    .int(`a whole number from ${least} to ${most}`)
    .min(least, `at least ${least}`)
    .max(most, `at most ${most}`)
const path = z.string().transform((text) => resolve(text))

const environment = z.object({
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// address' }).optional(),
  DATA_DIR: path.default(resolve('.chancery')),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  WORKSPACE_ROOT: path.default(sampleProject),
  ARTIFACTS_ROOT: path.optional(),
  POLICY_PATH: path.optional(),
  PLANNER_DEFAULT_TOOL: z.string().default('run_vitest'),
  TOOL_CONCURRENCY: wholeNumber(1, 1000).default(4),
  PYTHON: z.string().default('python3'),
  AUDIT_LOG_ENABLED: z
    .enum(['true', '1', 'yes', 'false', '0', 'no'])
    .default('true')
    .transform((text) => ['true', '1', 'yes'].includes(text)),
})

export type Settings = Readonly<z.output<typeof environment>> & { readonly ARTIFACTS_ROOT: string }

export function settingsFrom(variables: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''))
  const { success, data, error } = environment.safeParse(given)
  if (success) return { ...data, ARTIFACTS_ROOT: data.ARTIFACTS_ROOT ?? join(data.DATA_DIR, 'artifacts') }
  // The variables by name, never by value: an address may hold a password.
  const lines = error.issues.map((issue) => `  - ${issue.path.join('.')}: ${issue.message}`)
  throw new CannotStart(`These environment variables cannot be used:\n${lines.join('\n')}`)
}
