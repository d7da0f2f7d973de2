/** Closes what a path left open, so that the next one on the same store has no timers and no work but its own. */
import { sql } from 'kysely'
import type { Store } from '../../src/store/store.ts'

export async function leaveNoWork({ db }: Store): Promise<void> {
  await sql`update effects set settled_at = now(), outcome = 'cancelled', leased_by = null, leased_until = null
    where settled_at is null`.execute(db)
}
