/**
 * Many at once through one server, on a Postgres whose disk is slow for the while: full batches are on their way behind each other
 * when the connection breaks, Postgres dies or the server does.
 */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresServer } from '../../support/postgres.ts'
import { type Campaign, type Complain, underLoad } from '../campaign.ts'
import type { Load } from '../load.ts'
import { onPostgres, planOn } from '../on-postgres.ts'

const AT_ONCE = 200
/** However few others there are, a commit waits as long as it is told to before it is brought to disk. */
const SETTINGS = { commit_siblings: '0' }
const SLOW_US = 60_000
/** About as long as the runs begun at once take to be written. */
const LONGEST_MOMENT_MS = 500
const REST_MS = 8_000
const BACK_WITHIN_MS = 30_000

export const crowd: Campaign = {
  name: 'crowd',
  run: (terms) =>
    onPostgres({ servers: 1, options: { settings: SETTINGS } }, (place) => {
      const { fleet, postgres, proxy } = place
      const faults = [
        async () => proxy.cut(),
        async () => {
          await postgres.crash()
          await wait(terms.random() * 1_000)
          await postgres.restart()
        },
        () => fleet.kill(0),
      ]

      async function strike(load: Load, complain: Complain): Promise<void> {
        await commitsTake(SLOW_US, postgres)
        load.burst(AT_ONCE)
        await wait(terms.random() * LONGEST_MOMENT_MS)
        await faults[Math.floor(terms.random() * faults.length)]?.()
        await commitsTake(0, postgres)
        if (!(await load.goesOn(BACK_WITHIN_MS))) complain('nothing was acknowledged after a fault')
        await wait(REST_MS)
      }

      return underLoad(terms, planOn(place, strike))
    }),
}

async function commitsTake(us: number, { url }: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`alter system set commit_delay = ${us}`)
  await client.query('select pg_reload_conf()')
  await client.end()
}
