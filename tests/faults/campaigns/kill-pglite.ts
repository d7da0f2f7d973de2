/** kill -9 of the one server there is on PGlite. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Campaign, underLoad } from '../campaign.ts'
import { startFleet } from '../fleet.ts'
import { newGround } from '../ground.ts'
import { leasesOnPGlite } from '../leases.ts'

export const killPGlite: Campaign = {
  name: 'kill-pglite',
  async run(terms) {
    const ground = await newGround()
    const { settings } = ground
    const fleet = await startFleet([settings])
    try {
      return await underLoad(terms, {
        ...{ fleet, ground, leases: () => leasesOnPGlite(settings.DATA_DIR as string) },
        async strike() {
          await wait(1_000 + terms.random() * 4_000)
          await fleet.kill(0)
        },
      })
    } finally {
      await ground.clear()
    }
  },
}
