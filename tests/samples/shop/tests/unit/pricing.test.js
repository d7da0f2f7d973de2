import { expect, test } from 'vitest'
import { euros, percentOf } from '../../src/money.js'
import { discount, shipping, subtotal, total } from '../../src/pricing.js'

const cart = [
  { sku: 'tea', price_cents: 450, quantity: 2 },
  { sku: 'mug', price_cents: 1200, quantity: 1 },
]

test('the subtotal is price times quantity over all lines', () => {
  expect(subtotal(cart)).toBe(2100)
})

test('small orders pay for shipping', () => {
  expect(total(cart)).toBe(2100 + 490)
})

test('shipping is free from fifty euros on', () => {
  expect(shipping(4999)).toBe(490)
  expect(shipping(5000)).toBe(0)
})

test('an empty cart costs nothing', () => {
  expect(total([])).toBe(0)
})

test('a voucher takes its percentage off the goods', () => {
  expect(discount(cart, 'WELCOME')).toBe(210)
})

test('an unknown voucher is named', () => {
  expect(() => discount(cart, 'FREE')).toThrow('"FREE"')
})

test('half a cent is rounded up', () => {
  expect(percentOf(105, 10)).toBe(11)
})

test('cents keep their leading zero', () => {
  expect(euros(1205)).toBe('12.05 €')
})
