import { percentOf } from './money.js'

const FREE_SHIPPING_FROM_CENTS = 5000
const SHIPPING_CENTS = 490

/** Discounts by voucher, in percent. */
const vouchers = { WELCOME: 10, STAFF: 25 }

export function subtotal(cart) {
  return cart.reduce((sum, { price_cents, quantity }) => sum + price_cents * quantity, 0)
}

export function total(cart, voucher = null) {
  const goods = subtotal(cart) - discount(cart, voucher)
  return goods + shipping(goods)
}

export function discount(cart, voucher) {
  if (voucher === null) return 0
  const percent = vouchers[voucher]
  if (percent === undefined) throw new Error(`There is no voucher "${voucher}"`)
  return percentOf(subtotal(cart), percent)
}

export function shipping(goods_cents) {
  if (goods_cents === 0 || goods_cents >= FREE_SHIPPING_FROM_CENTS) return 0
  return SHIPPING_CENTS
}
