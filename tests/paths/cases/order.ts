/** An order by itself, and one with a neighbour it may greet. */
import { orderDefinition } from '../../examples/order.ts'
import type { Cases } from '../cases.ts'

export const orderCases: Cases = {
  starts: {
    'an order': { input: { order_no: 'o-1' } },
    'an order with a neighbour': {
      input: ({ neighbour }: { neighbour: string }) => ({ order_no: 'o-2', neighbour_id: neighbour }),
      beside: {
        neighbour: { definition: orderDefinition, input: { order_no: 'n-1' }, told: [{ type: 'order.paused' }] },
      },
    },
  },
  // No guard of an order reads its context.
  projection: () => null,
  says: {
    'xstate.done.actor.reserveStock': [{ shelf: 'A1' }],
    'xstate.done.actor.price': [42],
    'payment.received': [{ amount: 0 }, { amount: 3 }],
  },
}
