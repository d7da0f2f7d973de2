import { expect, test } from 'vitest'
import { redacted } from '../../../src/runs/tools/redaction.ts'

test('TX-6: the values of secret keys are hidden at any depth, also in lists, whatever their case', () => {
  const given = { token: 'a', deep: [{ Password: 'b', kept: 'c' }, [{ API_KEY: { nested: 'd' } }]] }
  expect(redacted(given)).toEqual({
    token: '[REDACTED]',
    deep: [{ Password: '[REDACTED]', kept: 'c' }, [{ API_KEY: '[REDACTED]' }]],
  })
  expect(given.deep[0]).toEqual({ Password: 'b', kept: 'c' })
})

test('TX-6: a key that merely contains a secret word is no secret', () => {
  expect(redacted({ token_count: 3, author: 'x', cookies: 1 })).toEqual({ token_count: 3, author: 'x', cookies: 1 })
})

test('TX-6: a text of a thousand characters stays, a longer one is cut and says so', () => {
  expect(redacted('x'.repeat(1000))).toBe('x'.repeat(1000))
  expect(redacted(['y'.repeat(1001)])).toEqual([`${'y'.repeat(1000)}… [1001 characters in all]`])
})
