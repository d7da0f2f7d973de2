/** A cart is a list of lines; every change answers with a new cart. */
export const emptyCart = Object.freeze([])

export function withItem(cart, { sku, price_cents }, quantity = 1) {
  if (!Number.isInteger(quantity) || quantity < 1) throw new RangeError(`A quantity is 1 or more, not ${quantity}`)
  const line = cart.find((candidate) => candidate.sku === sku)
  if (line === undefined) return [...cart, { sku, price_cents, quantity }]
  return cart.map((other) => (other === line ? { ...line, quantity: line.quantity + quantity } : other))
}

export function withoutItem(cart, sku) {
  return cart.filter((line) => line.sku !== sku)
}

export function itemsIn(cart) {
  return cart.reduce((sum, { quantity }) => sum + quantity, 0)
}
