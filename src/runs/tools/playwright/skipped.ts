/** A run that could not start its browsers (PW-5): neither red nor green, and what to do about it. */
import type { Ran, ToolCall } from '../tool.ts'
import { written } from '../written.ts'

type SkipCode = 'BROWSER_NOT_INSTALLED' | 'PLAYWRIGHT_E2E_DISABLED' | 'SANDBOX_DENIED' | 'UNKNOWN'

const switchedOff = /^(1|true|yes)$/i

export function isDisabled({ host }: ToolCall): boolean {
  return switchedOff.test(host.environment.PLAYWRIGHT_E2E_DISABLED ?? '')
}

export function disabled(call: ToolCall): Promise<Ran> {
  const nothing = {
    status: 'skipped',
    error_message: null,
    stdout: '',
    stderr: '',
    metrics: {},
    raw_output: {},
  } as const
  return skipped(call, nothing, { skip_code: 'PLAYWRIGHT_E2E_DISABLED', reason: 'PLAYWRIGHT_E2E_DISABLED is set' })
}

export function notStarted(call: ToolCall, ran: Ran, reason: string): Promise<Ran> {
  return skipped(call, ran, { skip_code: codeOf(reason), reason })
}

/** No step counts: a browser that is missing says nothing about what was to be tested. */
async function skipped(
  call: ToolCall,
  { raw_output, ...ran }: Ran,
  why: { readonly skip_code: SkipCode; readonly reason: string },
): Promise<Ran> {
  const status = { status: 'skipped', ...why, ts: call.host.now().toISOString() }
  await written(call.directory, 'ui/playwright_status.json', `${JSON.stringify(status, null, 2)}\n`)
  const { junit, failed_tests, ...kept } = raw_output
  return {
    ...ran,
    status: 'skipped',
    error_message: why.reason,
    metrics: { ...ran.metrics, steps_total: 0, steps_passed: 0, steps_failed: 0 },
    raw_output: { ...kept, ...why },
  }
}

function codeOf(reason: string): SkipCode {
  if (/executable doesn't exist|just installed|Cannot find (package|module) 'playwright/i.test(reason)) {
    return 'BROWSER_NOT_INSTALLED'
  }
  return /EACCES|EPERM|permission denied|not permitted|no usable sandbox/i.test(reason) ? 'SANDBOX_DENIED' : 'UNKNOWN'
}
