const SECRET_KEYS = new Set([
  ...['password', 'token', 'secret', 'api_key', 'apikey', 'cookie'],
  ...['authorization', 'auth', 'credential', 'credentials'],
])
const KEPT_CHARACTERS = 1000

/** TX-6: a copy in which the values of secret keys are hidden, at any depth, and long texts are cut. */
export function redacted(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value)
  if (Array.isArray(value)) return value.map(redacted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      SECRET_KEYS.has(key.toLowerCase()) ? '[REDACTED]' : redacted(field),
    ]),
  )
}

function shortened(text: string): string {
  if (text.length <= KEPT_CHARACTERS) return text
  return `${text.slice(0, KEPT_CHARACTERS)}… [${text.length} characters in all]`
}
