/** Whether an error says that the database does not answer, rather than that it said no. */
export function databaseUnreachable(cause: unknown): boolean {
  const { code, message } = cause as { code?: unknown; message?: unknown }
  if (typeof code === 'string') return /^(08|57P0|53300|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND)/.test(code)
  return typeof message === 'string' && /Connection terminated|timeout exceeded when trying to connect/.test(message)
}
