/** Where the data is: Postgres when an address is given, else PGlite in the data directory. */
import type { Logger } from 'pino'
import { openPGlite } from '../src/store/pglite.ts'
import { openPostgres } from '../src/store/postgres.ts'
import type { Store } from '../src/store/store.ts'
import { CannotStart, messageOf } from './cannot-start.ts'
import type { Settings } from './settings.ts'

/** In words, and without the password an address may hold. */
export function placeOf({ DATABASE_URL, DATA_DIR }: Settings): string {
  if (DATABASE_URL === undefined) return `PGlite in ${DATA_DIR}`
  const { host, pathname } = new URL(DATABASE_URL)
  return `Postgres at ${host}${pathname}`
}

export async function openData(settings: Settings, log: Logger): Promise<Store> {
  const { DATABASE_URL, DATA_DIR } = settings
  if (DATABASE_URL === undefined) return openPGlite(DATA_DIR)
  const onConnectionLost = (cause: Error) => log.warn({ cause }, 'a database connection was lost')
  return openPostgres({ url: DATABASE_URL, onConnectionLost }).catch((cause) => {
    throw new CannotStart(`${placeOf(settings)} cannot be used: ${messageOf(cause)}`, { cause })
  })
}
