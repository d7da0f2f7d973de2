import { expect, test } from 'vitest'
import { createStock } from '../../src/stock.js'

test('a reservation takes the goods from the shelf', () => {
  const stock = createStock({ tea: 5 })
  expect(stock.reserve([{ sku: 'tea', quantity: 2 }]).reserved).toBe(true)
  expect(stock.level('tea')).toBe(3)
})

test('a reservation that lacks one article takes nothing', () => {
  const stock = createStock({ tea: 5, mug: 0 })
  const answer = stock.reserve([
    { sku: 'tea', quantity: 2 },
    { sku: 'mug', quantity: 1 },
  ])
  expect(answer).toEqual({ reserved: false, missing: ['mug'] })
  expect(stock.level('tea')).toBe(5)
})
