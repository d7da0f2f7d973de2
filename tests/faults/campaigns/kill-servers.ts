/** kill -9 of one of three servers. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Campaign } from '../campaign.ts'
import { strikesOnPostgres } from '../on-postgres.ts'

export const killServers: Campaign = {
  name: 'kill-servers',
  run: (terms) =>
    strikesOnPostgres(terms, {
      servers: 3,
      async strike({ fleet }) {
        await wait(1_000 + terms.random() * 3_000)
        await fleet.kill(Math.floor(terms.random() * 3))
      },
    }),
}
