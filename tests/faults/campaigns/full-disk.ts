/**
 * The disk that Postgres keeps everything on is full, and has room again later. Writes are refused in clear words until
 * then, and go on by themselves; only where Postgres itself gave up, it is started again, as an operator would.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Campaign, type Complain, underLoad } from '../campaign.ts'
import { fullFor } from '../full.ts'
import type { Load } from '../load.ts'
import { onPostgres, planOn } from '../on-postgres.ts'
import { noSmallDisk, smallDisk } from '../small-disk.ts'

const MEGABYTES = 192
/** Small segments, and none kept to be used again, so that the log asks for room too. */
const INITDB = ['--wal-segsize=1']
const SETTINGS = { min_wal_size: '2MB', max_wal_size: '4MB', wal_recycle: 'off' }
/** Room for tables, but not for the log: then Postgres gives up. */
const LESS_THAN_A_SEGMENT = 512 * 1024
const BACK_WITHIN_MS = 30_000

export const fullDisk: Campaign = {
  name: 'full-disk',
  async run(terms) {
    const not_run = noSmallDisk()
    if (not_run) return { not_run }
    const disk = await smallDisk(MEGABYTES)
    let panics = 0
    let restarts = 0
    const onLog = (text: string) => {
      panics += text.split('PANIC:').length - 1
    }
    const options = { within: disk.folder, initdb: INITDB, settings: SETTINGS, onLog }
    try {
      return await onPostgres({ servers: 2, options }, async (place) => {
        const { postgres } = place
        async function strike(load: Load, complain: Complain): Promise<void> {
          await wait(1_000 + terms.random() * 2_000)
          const leaving = terms.random() < 0.5 ? LESS_THAN_A_SEGMENT : 0
          const ms = 2_000 + terms.random() * 8_000
          const unanswered = await fullFor({ ms, leaving, disk, load, complain })
          if (unanswered > 0) complain(`${unanswered} requests were not answered while the disk was full`)
          if (!(await back(load))) complain('nothing was acknowledged once there was room again')
        }

        // Postgres may give up even now, while it recovers from what it met when there was no room.
        async function back(load: Load): Promise<boolean> {
          for (const deadline = Date.now() + BACK_WITHIN_MS; Date.now() < deadline; ) {
            if (!(await postgres.isRunning())) {
              restarts += 1
              await postgres.restart()
            }
            if (await load.goesOn(1_000)) return true
          }
          return false
        }

        const { figures, wrong } = await underLoad(terms, planOn(place, strike))
        return {
          figures: `${figures}, Postgres panicked ${panics} times and was started again ${restarts} times`,
          wrong,
        }
      })
    } finally {
      await disk.unmount()
    }
  },
}
