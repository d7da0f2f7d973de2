import { expect, test } from 'vitest'
import { emptyCart, itemsIn, withItem, withoutItem } from '../../src/cart.js'

const tea = { sku: 'tea', price_cents: 450 }
const mug = { sku: 'mug', price_cents: 1200 }

test('a new article becomes a line of its own', () => {
  expect(withItem(withItem(emptyCart, tea), mug)).toHaveLength(2)
})

test('the same article again raises the quantity of its line', () => {
  const cart = withItem(withItem(emptyCart, tea), tea, 2)
  expect(cart).toEqual([{ ...tea, quantity: 3 }])
})

test('removing an article leaves the others alone', () => {
  const cart = withoutItem(withItem(withItem(emptyCart, tea), mug), 'tea')
  expect(cart.map(({ sku }) => sku)).toEqual(['mug'])
})

test('a cart counts pieces, not lines', () => {
  expect(itemsIn(withItem(withItem(emptyCart, tea, 2), mug))).toBe(3)
})

test.each([0, -1, 1.5])('a quantity of %s is refused', (quantity) => {
  expect(() => withItem(emptyCart, tea, quantity)).toThrow(RangeError)
})
