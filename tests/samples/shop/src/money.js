/** Amounts are whole cents, so that nothing is lost by adding them up. */
export function euros(cents) {
  return `${Math.trunc(cents / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')} €`
}

/** Half a cent is rounded up, in favour of the shop. */
export function percentOf(cents, percent) {
  return Math.round((cents * percent) / 100)
}
