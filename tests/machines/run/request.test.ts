import { describe, expect, test } from 'vitest'
import { orchestrationRequestSchema } from '../../../machines/run/schema.ts'

const accepted = (request: unknown) => orchestrationRequestSchema.safeParse(request).success

describe('a request (2.1)', () => {
  test('needs a sentence of 1 to 10 000 characters, not counting blanks around it', () => {
    expect(accepted({})).toBe(false)
    expect(accepted({ nl_input: '  ' })).toBe(false)
    expect(accepted({ nl_input: ` ${'x'.repeat(10_000)} ` })).toBe(true)
    expect(accepted({ nl_input: 'x'.repeat(10_001) })).toBe(false)
  })

  test('may name an environment by its id', () => {
    expect(accepted({ nl_input: 'test', environment_id: null })).toBe(true)
    expect(accepted({ nl_input: 'test', environment_id: 'local' })).toBe(false)
  })

  test('carries no keys nobody knows', () => {
    expect(accepted({ nl_input: 'test', priority: 1 })).toBe(false)
    expect(accepted({ nl_input: 'test', options: { retries: 1 } })).toBe(false)
  })

  test('has no options unless it names them', () => {
    expect(orchestrationRequestSchema.parse({ nl_input: 'test' }).options).toBeNull()
    expect(orchestrationRequestSchema.parse({ nl_input: 'test', options: null }).options).toBeNull()
  })
})

describe('its options (2.1)', () => {
  const options = (changes: object) => accepted({ nl_input: 'test', options: changes })

  test('have a default each', () => {
    expect(orchestrationRequestSchema.parse({ nl_input: 'test', options: {} }).options).toEqual({
      ...{ tool_name: 'run_pytest', args: {}, timeout_s: 120, dry_run: false },
    })
  })

  test('allow a timeout of 1 to 3600 whole seconds', () => {
    expect([0, 1, 3600, 3601, 1.5].map((timeout_s) => options({ timeout_s }))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
  })

  test('need a tool with a name', () => {
    expect(options({ tool_name: '' })).toBe(false)
  })

  test('take arguments of up to 64 KiB as JSON, counted in bytes', () => {
    const around = JSON.stringify({ a: '' }).length
    expect(options({ args: { a: 'x'.repeat(65_536 - around) } })).toBe(true)
    expect(options({ args: { a: 'x'.repeat(65_537 - around) } })).toBe(false)
    expect(options({ args: { a: 'é'.repeat(40_000) } })).toBe(false)
  })
})
