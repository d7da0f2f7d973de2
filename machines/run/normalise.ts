import type { OrchestrationInput, OrchestrationOptions, OrchestrationRequest } from './schema.ts'

interface PlannedTool {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  readonly timeout_s: number
}

/** What the planner falls back on, and the names callers may use for a tool (IN-7). */
export interface PlannerSettings {
  readonly default: PlannedTool
  readonly browser: PlannedTool
  readonly aliases: Readonly<
    Record<string, { readonly tool: string; readonly args: Readonly<Record<string, unknown>> }>
  >
}

export const plannerDefaults: PlannerSettings = {
  default: { tool: 'run_pytest', args: { test_path: 'tests' }, timeout_s: 120 },
  browser: { tool: 'run_playwright', args: {}, timeout_s: 300 },
  aliases: { playwright: { tool: 'run_pytest', args: { test_path: 'tests/ui' } } },
}

const browserWords = ['playwright', 'browser', 'e2e']

/** The request in the one form the chart sees. Options, even empty ones, silence the sentence (IN-1, IN-5). */
export function normalised(request: OrchestrationRequest, planner: PlannerSettings): OrchestrationInput {
  const { nl_input, environment_id, options } = request
  const said = { nl_input, environment_id }
  if (options !== null) return { ...said, ...asChosen(options, planner) }
  return { ...said, ...asPlanned(asksForBrowser(nl_input) ? planner.browser : planner.default) }
}

/** IN-4: what an alias adds yields to what the caller wrote. */
function asChosen({ tool_name, args, timeout_s, dry_run }: OrchestrationOptions, { aliases }: PlannerSettings) {
  const alias = Object.hasOwn(aliases, tool_name) ? aliases[tool_name] : undefined
  return { tool_name: alias?.tool ?? tool_name, tool_args: { ...alias?.args, ...args }, timeout_s, dry_run }
}

function asPlanned({ tool, args, timeout_s }: PlannedTool) {
  return { tool_name: tool, tool_args: { ...args }, timeout_s, dry_run: false }
}

/** IN-2. */
function asksForBrowser(sentence: string): boolean {
  const lower = sentence.toLowerCase()
  return browserWords.some((word) => lower.includes(word))
}
