import { expect, test } from 'vitest'
import { total } from '../../src/pricing.js'

// Red on purpose: what a run looks like when somebody expects another price.

test('shipping is free for everybody', () => {
  expect(total([{ sku: 'tea', price_cents: 450, quantity: 1 }])).toBe(450)
})

test('vouchers are written in any case', () => {
  expect(() => total([{ sku: 'tea', price_cents: 450, quantity: 1 }], 'welcome')).not.toThrow()
})

test('an empty cart is free', () => {
  expect(total([])).toBe(0)
})
