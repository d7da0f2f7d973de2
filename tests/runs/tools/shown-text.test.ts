import { homedir } from 'node:os'
import { expect, test } from 'vitest'
import { everyText, excerpt, storable, withoutPlaces } from '../../../src/runs/tools/shown-text.ts'
import { hostOf } from '../support.ts'

test('TX-4: ten thousand characters are shown, and how many there were', () => {
  expect(excerpt('x'.repeat(10_000))).toBe('x'.repeat(10_000))
  expect(excerpt('x'.repeat(10_001))).toBe(`${'x'.repeat(10_000)}\n[truncated: 10001 characters in all]`)
})

test('INV-7: places of this machine are shown by what they are, the innermost first', () => {
  const shown = withoutPlaces(hostOf({ workspace_root: '/srv/app/shop', artifacts_root: '/srv/app' }))
  expect(shown('at /srv/app/shop/src/a.js:1 and /srv/app/x')).toBe('at <workspace>/src/a.js:1 and <artifacts>/x')
  expect(shown('/srv/app/shopping /srv/app-2')).toBe('<artifacts>/shopping /srv/app-2')
  expect(shown(`${homedir()}/.npmrc`)).toBe('<home>/.npmrc')
})

test('D5: what neither JSON nor the database can hold is written out', () => {
  expect(storable('a\0b')).toBe('a\\u0000b')
  expect(storable('half \ud83d')).toBe('half \ufffd')
})

test('every text in a value is changed, keys included, and nothing else', () => {
  const upper = (text: string) => text.toUpperCase()
  expect(everyText({ a: ['b', 1, null, true, { c: 'd' }] }, upper)).toEqual({ A: ['B', 1, null, true, { C: 'D' }] })
})
