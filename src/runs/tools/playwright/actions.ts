/** What a browser can be told to do (PW-2), one action after the other. */
import { z } from 'zod'

const locator = z.strictObject({
  strategy: z.enum(['role', 'label', 'text', 'placeholder', 'testid', 'css', 'xpath']).default('role'),
  value: z.string().min(1),
  /** With it `value` is the element's name; without it `value` is the role. */
  role: z.string().min(1).optional(),
  exact: z.boolean().default(false),
})
export type LocatorOfAction = z.infer<typeof locator>

const action = z.strictObject({
  type: z.enum(['goto', 'click', 'fill', 'select', 'check', 'uncheck', 'wait', 'assert_text', 'assert_visible']),
  locator: locator.optional(),
  url: z.string().min(1).optional(),
  value: z.string().optional(),
  timeout_ms: z.int().min(1).max(3_600_000).default(15_000),
})
export type Action = z.infer<typeof action>

export const actionsSchema = z.array(action)

/** What the runner reads from its input. */
export interface Script {
  readonly actions: readonly Action[]
  readonly base_url: string | null
  readonly headless: boolean
  readonly enable_tracing: boolean
}

const step = z.strictObject({
  step_index: z.int().min(0),
  type: z.string(),
  ok: z.boolean(),
  error_message: z.string().nullable(),
  duration_ms: z.int().min(0),
  /** A file in `ui`; null when not even that could be had. */
  screenshot: z.string().nullable(),
})
export type Step = z.infer<typeof step>

/** What the runner writes to `ui/steps.json`, after every step anew. */
export const progressSchema = z.strictObject({
  /** Why no browser started; null once one did. */
  not_started: z.string().nullable(),
  /** Why `base_url` could not be opened. */
  not_opened: z.string().nullable(),
  steps: z.array(step),
  trace: z.string().nullable(),
})
export type Progress = z.infer<typeof progressSchema>
