/**
 * The wall clock of one of three servers jumps by hours, ahead or back, while it runs or while it is away, and back
 * again. The database's clock and the other servers' stay. Timers come late but once, and no outcome counts twice.
 */
import { appendFile, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Campaign, underLoad } from '../campaign.ts'
import { getFrom } from '../checks.ts'
import { type ServerClock, serverClock } from '../clock.ts'
import { startDeadlines } from '../deadlines.ts'
import type { Ground } from '../ground.ts'
import { onPostgres, planOn } from '../on-postgres.ts'

const SERVERS = 3
const EXPIRES_AFTER_S = 60
const HOUR_MS = 3_600_000
const SHIPPED_POLICY = new URL('../../../src/runs/policies/default.yaml', import.meta.url)

export const movedClock: Campaign = {
  name: 'moved-clock',
  async run(terms) {
    const clocks: ServerClock[] = []
    const environment = async ({ folder }: Ground, n: number) => {
      const clock = await serverClock(join(folder, `clock-${n}`))
      clocks[n] = clock
      return { ...clock.environment, POLICY_PATH: await policyIn(folder, n) }
    }
    return onPostgres({ servers: SERVERS, environment }, async (place) => {
      const { fleet } = place
      const deadlines = startDeadlines({
        ...{ urls: fleet.urls, get: getFrom(fleet.urls[0] as string), random: terms.random, until: terms.until },
        expires_after_ms: EXPIRES_AFTER_S * 1_000,
      })
      let latest_ms = 0

      async function strike(): Promise<void> {
        const which = Math.floor(terms.random() * SERVERS)
        const clock = clocks[which] as ServerClock
        const hours = (terms.random() < 0.5 ? -1 : 1) * (1 + terms.random() * 5)
        const away = terms.random() < 0.5
        await wait(1_000)
        if (away) await fleet.kill(which, () => clock.move(hours * HOUR_MS))
        else await clock.move(hours * HOUR_MS)
        await wait(2_000 + terms.random() * 3_000)
        // Now and then the server is dead before its clock is right again, and leaves what it wrote to the others.
        if (terms.random() < 0.3) await fleet.kill(which, () => clock.move(0))
        else await clock.move(0)
      }

      const { figures, wrong } = await underLoad(terms, {
        ...planOn(place, strike),
        besides: { runs: deadlines.runs, decided: new Set() },
        async also() {
          const over = await deadlines.over()
          latest_ms = over.latest_ms
          return over.wrong
        },
      })
      const timers = `${deadlines.runs.size} timers, ${(latest_ms / 1_000).toFixed(1)} s late at most`
      return { figures: `${figures}, ${timers}`, wrong }
    })
  },
}

/** The shipped policy, with approvals that are asked for at once and expire. */
async function policyIn(folder: string, n: number): Promise<string> {
  const path = join(folder, `policy-${n}.yaml`)
  await copyFile(SHIPPED_POLICY, path)
  await appendFile(path, `\nhitl:\n  stage: plan\n  expires_after_s: ${EXPIRES_AFTER_S}\n`)
  return path
}
