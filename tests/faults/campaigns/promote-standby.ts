/**
 * The primary is killed and its synchronous standby takes over at another port, sometimes after the servers have met
 * it while it could only be read. Then it gets a standby of its own.
 */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { promote, standbyOf } from '../../support/standby.ts'
import { type Campaign, type Complain, underLoad } from '../campaign.ts'
import type { Load } from '../load.ts'
import { onPostgres, planOn } from '../on-postgres.ts'

const SERVERS = 2
const BACK_WITHIN_MS = 30_000

export const promoteStandby: Campaign = {
  name: 'promote-standby',
  run: (terms) =>
    onPostgres({ servers: SERVERS }, async (place) => {
      const { proxy } = place
      let longest_ms = 0
      let standby = await standbyOf(place.postgres)

      async function strike(load: Load, complain: Complain): Promise<void> {
        await wait(2_000 + terms.random() * 2_000)
        const died = performance.now()
        await place.postgres.crash()
        const metEarly = terms.random() < 0.5
        if (metEarly) {
          proxy.pointTo(standby.port)
          await wait(2_000 + terms.random() * 2_000)
          for (const heap of await connectionsHeaped(standby.url)) complain(heap)
        } else {
          proxy.cut()
          await wait(terms.random() * 2_000)
        }
        await promote(standby)
        await place.postgres.stop()
        place.movedTo(standby)
        if (!metEarly) proxy.pointTo(standby.port)
        if (!(await load.goesOn(BACK_WITHIN_MS))) complain('nothing was acknowledged after a promotion')
        longest_ms = Math.max(longest_ms, performance.now() - died)
        await wait(terms.random() * 1_000)
        standby = await standbyOf(place.postgres)
      }

      try {
        const { figures, wrong } = await underLoad(terms, planOn(place, strike))
        return { figures: `${figures}, writing again after ${(longest_ms / 1000).toFixed(1)} s at most`, wrong }
      } finally {
        await standby.stop()
      }
    }),
}

// A server writes through one connection and listens through another; while it renews one there may be two.
async function connectionsHeaped(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string; count: number }>(
    `select application_name as name, count(*)::int as count from pg_stat_activity
    where application_name like 'chancery %' group by application_name`,
  )
  await client.end()
  return rows
    .filter(({ count }) => count > 2 * SERVERS)
    .map(({ name, count }) => `${SERVERS} servers held ${count} connections as ${name}`)
}
