/** kill -9 of Postgres, which comes back on the same data. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Campaign } from '../campaign.ts'
import { strikesOnPostgres } from '../on-postgres.ts'

export const killPostgres: Campaign = {
  name: 'kill-postgres',
  run: (terms) =>
    strikesOnPostgres(terms, {
      servers: 2,
      async strike({ postgres }) {
        await wait(3_000 + terms.random() * 4_000)
        await postgres.crash()
        await wait(terms.random() * 2_000)
        await postgres.restart()
      },
    }),
}
