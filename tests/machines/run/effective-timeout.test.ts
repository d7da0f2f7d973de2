import { expect, test } from 'vitest'
import { effectiveTimeoutS } from '../../../machines/run/effective-timeout.ts'
import { policyOf } from '../support/runs.ts'

const policy = policyOf({ cost_governance: { timeout_s: 50 }, sandbox: { timeout_s: 30 } })

test('an attempt may take as long as the strictest of request, policy and sandbox allows (GV-1)', () => {
  expect(effectiveTimeoutS({ timeout_s: 10, sandboxable: true, policy })).toBe(10)
  expect(effectiveTimeoutS({ timeout_s: 100, sandboxable: true, policy })).toBe(30)
  expect(effectiveTimeoutS({ timeout_s: 100, sandboxable: false, policy })).toBe(50)
})

test('a sandbox that is off limits nothing (GV-1)', () => {
  const open = policyOf({ cost_governance: { timeout_s: 50 }, sandbox: { enabled: false, timeout_s: 30 } })
  expect(effectiveTimeoutS({ timeout_s: 100, sandboxable: true, policy: open })).toBe(50)
})
