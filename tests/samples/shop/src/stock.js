/** What lies on the shelves, by article. */
export function createStock(levels) {
  const shelf = new Map(Object.entries(levels))
  return {
    level: (sku) => shelf.get(sku) ?? 0,

    /** All or nothing: either every line of the cart is there, or nothing is taken. */
    reserve(cart) {
      const missing = cart.filter(({ sku, quantity }) => (shelf.get(sku) ?? 0) < quantity)
      if (missing.length > 0) return { reserved: false, missing: missing.map(({ sku }) => sku) }
      for (const { sku, quantity } of cart) shelf.set(sku, shelf.get(sku) - quantity)
      return { reserved: true, missing: [] }
    },
  }
}
