/** The last of the runners, and one who has a next. */
import { relayDefinition } from '../../examples/relay.ts'
import type { Cases } from '../cases.ts'

export const relayCases: Cases = {
  starts: {
    'the last runner': { input: { next_id: null } },
    'a runner with a next': {
      input: ({ next }: { next: string }) => ({ next_id: next }),
      beside: { next: { definition: relayDefinition, input: { next_id: null } } },
    },
  },
}
