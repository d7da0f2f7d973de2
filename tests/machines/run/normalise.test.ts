import { describe, expect, test } from 'vitest'
import { normalised, plannerDefaults } from '../../../machines/run/normalise.ts'
import { orchestrationRequestSchema } from '../../../machines/run/schema.ts'

const planned = (request: unknown, planner = plannerDefaults) =>
  normalised(orchestrationRequestSchema.parse(request), planner)

describe('what the request asks for', () => {
  test('options decide everything, even when they are empty (IN-1)', () => {
    expect(planned({ nl_input: 'open the browser', options: {} })).toEqual({
      nl_input: 'open the browser',
      environment_id: null,
      tool_name: 'run_pytest',
      tool_args: {},
      timeout_s: 120,
      dry_run: false,
    })
  })

  test('options are taken as they are written (IN-1)', () => {
    const options = { tool_name: 'run_vitest', args: { project: 'unit' }, timeout_s: 7, dry_run: true }
    const { tool_name, tool_args, timeout_s, dry_run } = planned({ nl_input: 'test', options })
    expect({ tool_name, args: tool_args, timeout_s, dry_run }).toEqual(options)
  })

  test.each(['Run the PLAYWRIGHT suite', 'in any Browser', 'all e2e tests', 'headless-browsers'])(
    'a sentence that speaks of browsers plans the browser tool: %s (IN-2)',
    (nl_input) => {
      expect(planned({ nl_input })).toMatchObject({
        ...{ tool_name: 'run_playwright', tool_args: {}, timeout_s: 300, dry_run: false },
      })
    },
  )

  test('any other sentence plans the default tool (IN-3)', () => {
    expect(planned({ nl_input: 'run the tests' })).toMatchObject({
      ...{ tool_name: 'run_pytest', tool_args: { test_path: 'tests' }, timeout_s: 120, dry_run: false },
    })
  })

  test('the sentence does not influence the plan when there are options, and is kept all the same (IN-5)', () => {
    const input = planned({ nl_input: 'e2e please', options: { tool_name: 'run_vitest' } })
    expect(input).toMatchObject({ nl_input: 'e2e please', tool_name: 'run_vitest', timeout_s: 120 })
  })

  test('the environment travels along', () => {
    const environment_id = '01990000-0000-7000-8000-00000000000e'
    expect(planned({ nl_input: 'test', environment_id }).environment_id).toBe(environment_id)
  })
})

describe('other names for a tool (IN-4)', () => {
  test('playwright is pytest on the ui tests', () => {
    expect(planned({ nl_input: 'test', options: { tool_name: 'playwright' } })).toMatchObject({
      ...{ tool_name: 'run_pytest', tool_args: { test_path: 'tests/ui' } },
    })
  })

  test('the caller’s own test path and timeout are kept', () => {
    const options = { tool_name: 'playwright', args: { test_path: 'tests/shop', markers: 'slow' }, timeout_s: 9 }
    expect(planned({ nl_input: 'test', options })).toMatchObject({ tool_args: options.args, timeout_s: 9 })
  })

  test('the caller’s arguments are never changed', () => {
    const request = orchestrationRequestSchema.parse({ nl_input: 'test', options: { tool_name: 'playwright' } })
    const { tool_args } = normalised(request, plannerDefaults)
    tool_args.test_path = 'elsewhere'
    expect(request.options?.args).toEqual({})
    expect(plannerDefaults.aliases.playwright?.args).toEqual({ test_path: 'tests/ui' })
  })

  test('a tool named like something every object has is no alias', () => {
    expect(planned({ nl_input: 'test', options: { tool_name: 'constructor' } }).tool_name).toBe('constructor')
  })
})

test('default, browser tool and aliases are settings (IN-7)', () => {
  const planner = {
    default: { tool: 'run_vitest', args: { test_path: 'src' }, timeout_s: 5 },
    browser: { tool: 'run_cypress', args: { headed: true }, timeout_s: 6 },
    aliases: { jest: { tool: 'run_vitest', args: {} } },
  }
  expect(planned({ nl_input: 'test' }, planner)).toMatchObject({ tool_name: 'run_vitest', timeout_s: 5 })
  expect(planned({ nl_input: 'e2e' }, planner)).toMatchObject({ tool_name: 'run_cypress', tool_args: { headed: true } })
  const options = { tool_name: 'jest' }
  expect(planned({ nl_input: 'test', options }, planner).tool_name).toBe('run_vitest')
})
