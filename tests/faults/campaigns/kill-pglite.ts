/** kill -9 of the one server there is on PGlite. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Campaign, underLoad } from '../campaign.ts'
import { onPGlite } from '../on-pglite.ts'

export const killPGlite: Campaign = {
  name: 'kill-pglite',
  run: (terms) =>
    onPGlite({}, (place) =>
      underLoad(terms, {
        ...place,
        async strike() {
          await wait(1_000 + terms.random() * 4_000)
          await place.fleet.kill(0)
        },
      }),
    ),
}
