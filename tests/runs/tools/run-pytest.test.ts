import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { directoryWith, executed } from '../support.ts'

const hasPytest = spawnSync('python3', ['-m', 'pytest', '--version']).status === 0

describe.skipIf(!hasPytest)('with a Python that has pytest', () => {
  test('6.2: the green tests of the sample pass', async () => {
    const result = await executed({ tool: 'run_pytest', args: { test_path: 'tests/python' } })
    expect(result).toMatchObject({
      status: 'success',
      metrics: { exit_code: 0, steps_total: 3, steps_passed: 3, steps_failed: 0 },
      raw_output: { junit: { tests: 3 } },
    })
  })

  test('6.2: red tests fail the call, and are named', async () => {
    const result = await executed({ tool: 'run_pytest', args: { test_path: 'test/broken' } })
    expect(result).toMatchObject({
      status: 'failed',
      error_message: 'pytest exited with code 1',
      metrics: { exit_code: 1, steps_total: 2, steps_failed: 1 },
      raw_output: { failed_tests: [{ classname: 'test.broken.test_tax', name: 'test_vat_is_a_fifth' }] },
    })
  })

  test('6.2: a missing path is wrong usage, nothing collected is a failure too', async () => {
    const missing = await executed({ tool: 'run_pytest', args: { test_path: 'tests/none' } })
    expect(missing).toMatchObject({ status: 'failed', error_message: 'pytest exited with code 4' })
    const none = await executed({ tool: 'run_pytest', args: { test_path: 'tests/python', extra_args: ['-kabsent'] } })
    expect(none).toMatchObject({ status: 'failed', error_message: 'pytest exited with code 5' })
  })

  test('6.2: markers pick tests', async () => {
    const workspace_root = directoryWith({
      'pytest.ini': '[pytest]\nmarkers =\n  slow: takes its time\n',
      'tests/test_a.py': 'import pytest\n\n@pytest.mark.slow\ndef test_a(): pass\n\ndef test_b(): pass\n',
    })
    const args = { test_path: 'tests', markers: 'not slow' }
    expect((await executed({ tool: 'run_pytest', host: { workspace_root }, args })).metrics.steps_total).toBe(1)
  })
})

test('RN-2: the path is not optional', async () => {
  expect((await executed({ tool: 'run_pytest' })).error_message).toBe('Missing required argument: test_path')
})

test('6.2: without an interpreter the machine is described', async () => {
  const result = await executed({ tool: 'run_pytest', args: { test_path: 'tests' }, host: { python: 'no-python' } })
  expect(result).toMatchObject({
    status: 'failed',
    error_message: 'pytest is not available for the Python interpreter "no-python"',
    metrics: { exit_code: -1 },
  })
  for (const part of [
    'executable: no-python',
    'version: none',
    'pytest on PATH:',
    'virtual environment:',
    'PATH begins with:',
  ]) {
    expect(result.stderr).toContain(part)
  }
})

test('6.2: an interpreter without pytest is described as well', async () => {
  // Any interpreter will do that says what Python says.
  const python = directoryWith({ python: '#!/bin/sh\necho "/x/python: No module named pytest" >&2\nexit 1\n' })
  chmodSync(`${python}/python`, 0o755)
  const result = await executed({
    tool: 'run_pytest',
    args: { test_path: 'tests' },
    host: { python: `${python}/python` },
  })
  expect(result.error_message).toContain('pytest is not available')
  expect(result.stderr).toContain('No module named pytest')
})
