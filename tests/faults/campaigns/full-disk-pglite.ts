/**
 * The disk that the data folder of PGlite is on is full, and has room again later. Mostly it goes on by itself. Where
 * PGlite cannot extend its log it is lost, and the server with it: that it must say, and is then started again.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Campaign, type Complain, underLoad } from '../campaign.ts'
import { fullFor } from '../full.ts'
import type { Load } from '../load.ts'
import { onPGlite } from '../on-pglite.ts'
import { noSmallDisk, smallDisk } from '../small-disk.ts'
import { SEGMENT, useUpLog } from '../use-up-log.ts'

const MEGABYTES = 256
/** Room for a server to start and work a little, before its log asks for another segment. */
const LOG_LEFT = 400 * 1024
/** Room for tables, but not for the log. */
const LESS_THAN_A_SEGMENT = SEGMENT / 4
const BACK_WITHIN_MS = 10_000

export const fullDiskPGlite: Campaign = {
  name: 'full-disk-pglite',
  async run(terms) {
    const not_run = noSmallDisk()
    if (not_run) return { not_run }
    const disk = await smallDisk(MEGABYTES)
    let restarts = 0
    try {
      return await onPGlite({ data: join(disk.folder, 'data') }, async (place) => {
        const { fleet, pgdata } = place

        async function withLittleLog(): Promise<void> {
          let forgetSpare = async () => {}
          await fleet.kill(0, async () => {
            forgetSpare = await useUpLog(pgdata, LOG_LEFT)
          })
          await forgetSpare()
        }

        async function strike(load: Load, complain: Complain): Promise<void> {
          const logOnly = terms.random() < 0.5
          if (logOnly) await withLittleLog()
          else await wait(1_000 + terms.random() * 2_000)
          const leaving = logOnly ? LESS_THAN_A_SEGMENT : 0
          await fullFor({ ms: 3_000 + terms.random() * 5_000, leaving, disk, load, complain })
          if (await load.goesOn(BACK_WITHIN_MS)) return
          if ((await fleet.state(0)) === 'hangs') complain('the server hangs once its log has had no room')
          restarts += 1
          await fleet.kill(0)
          if (!(await load.goesOn(BACK_WITHIN_MS))) complain('nothing was acknowledged after a new start')
        }

        // Evidence has no room either: such a run says that it failed.
        const ends = ['JUDGED', 'FINISHED', 'FAILED']
        const { figures, wrong } = await underLoad(terms, { ...place, strike, ends })
        return { figures: `${figures}, started again ${restarts} times`, wrong }
      })
    } finally {
      await disk.unmount()
    }
  },
}
