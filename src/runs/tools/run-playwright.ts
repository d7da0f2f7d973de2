import { z } from 'zod'
import { type Action, actionsSchema } from './playwright/actions.ts'
import { scriptRun } from './playwright/script-run.ts'
import { suiteRun } from './playwright/suite-run.ts'
import { type Tool, ToolBlocked, ToolFailure } from './tool.ts'

const script = {
  actions: actionsSchema.optional(),
  /** Opened before the first action. */
  base_url: z.url({ protocol: /^https?$/ }).optional(),
  headless: z.boolean().optional(),
  enable_tracing: z.boolean().optional(),
}
const suite = {
  test_path: z.string().optional(),
  project: z.string().min(1).optional(),
  /** Only tests whose title matches. */
  grep: z.string().min(1).optional(),
  workers: z.int().min(1).max(64).optional(),
  extra_args: z.array(z.string()).optional(),
  working_dir: z.string().optional(),
}
const args = z.strictObject({ ...script, ...suite })
type Args = z.infer<typeof args>

/** Performs actions in a browser, or runs the workspace's own Playwright tests when there are none. */
export const runPlaywright: Tool<Args> = {
  name: 'run_playwright',
  description: 'Performs actions in a browser, or runs the workspace’s Playwright tests',
  version: '1.0.0',
  tags: ['test', 'browser'],
  effects: 'test',
  rerunnable: true,
  sandboxable: true,
  args,
  risk_text: ({ actions, base_url, test_path, project, grep, extra_args = [] }) =>
    [base_url, ...(actions ?? []).flatMap(words), test_path, project, grep, ...extra_args]
      .filter((part) => part !== undefined)
      .join(' '),

  /** PW-1. */
  fence({ sandbox, tools }) {
    if (!sandbox.enabled || sandbox.mode === 'container' || !tools.playwright.require_container) return
    throw new ToolBlocked(
      'sandbox',
      'Security Error: a browser runs in sandbox.mode container only, as long as tools.playwright.require_container is set',
    )
  },

  async prepare({ actions, base_url, headless, enable_tracing, ...asked }, call) {
    if (actions === undefined) {
      refuseMixture({ base_url, headless, enable_tracing }, 'is for actions, and there are none')
      return suiteRun(call, { ...asked, extra_args: asked.extra_args ?? [] })
    }
    refuseMixture(asked, 'is for a suite, and there are actions')
    if (actions.length === 0) throw new ToolFailure('No actions provided')
    return scriptRun(call, {
      ...{ actions, base_url: base_url ?? null, headless: headless ?? true, enable_tracing: enable_tracing ?? true },
    })
  },
}

function refuseMixture(given: Readonly<Record<string, unknown>>, why: string): void {
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (name !== undefined) throw new ToolFailure(`Invalid argument ${name}: it ${why}`)
}

function words({ type, url, locator, value }: Action): readonly (string | undefined)[] {
  return [type, url, locator?.value, value]
}
