/** Connections to the database that break, or become slow. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Campaign } from '../campaign.ts'
import { strikesOnPostgres } from '../on-postgres.ts'

export const network: Campaign = {
  name: 'network',
  run: (terms) =>
    strikesOnPostgres(terms, {
      servers: 2,
      async strike({ proxy }) {
        await wait(500 + terms.random() * 2_000)
        if (terms.random() < 0.3) {
          proxy.delay(terms.random() * 200)
          await wait(1_000)
          proxy.delay(0)
        } else proxy.cut()
      },
    }),
}
