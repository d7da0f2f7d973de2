/**
 * An order with everything a chart can ask of its host: parallel regions, history, a child machine, work that is
 * tried again, timers, a delayed event, an emitted one, and a neighbour it writes to.
 */
import { assign, emit, raise, sendParent, sendTo, setup } from 'xstate'
import { z } from 'zod'
import {
  addressed,
  child,
  external,
  type MachineDefinition,
  momentSchema,
  optional,
  type Start,
} from '../../machines/definition.ts'
import type { HandlerRegistration, Handlers } from '../../src/engine/types.ts'

const everyone = ['ADMIN', 'USER'] as const

// ---- parcel: the child ------------------------------------------------------------------------------------------

const parcelInput = z.strictObject({ order_no: z.string() })
type ParcelInput = z.infer<typeof parcelInput>
const parcelOutput = z.strictObject({ signed_by: z.string() })

const parcelMachine = setup({
  types: {} as {
    context: Start<ParcelInput> & { signed_by: string | null }
    input: Start<ParcelInput>
    events: { type: 'parcel.delivered'; signed_by: string } | { type: 'parcel.recall' }
    output: z.infer<typeof parcelOutput>
  },
  actions: {
    sign: assign(({ event }) => ({ signed_by: event.type === 'parcel.delivered' ? event.signed_by : null })),
    tellOnTheWay: sendParent({ type: 'parcel.on_the_way' }),
  },
}).createMachine({
  id: 'parcel',
  version: '1.0.0',
  context: ({ input: start }) => ({ ...start, signed_by: null }),
  initial: 'packed',
  states: {
    packed: { entry: 'tellOnTheWay', on: { 'parcel.delivered': { target: 'delivered', actions: 'sign' } } },
    delivered: { type: 'final' },
  },
  output: ({ context }) => ({ signed_by: context.signed_by ?? '' }),
})

export const parcelDefinition: MachineDefinition = {
  machine: parcelMachine,
  input: parcelInput,
  context: z.object({ input: parcelInput, moment: momentSchema, signed_by: z.string().nullable() }),
  events: {
    'parcel.delivered': z.strictObject({ type: z.literal('parcel.delivered'), signed_by: z.string() }),
    'parcel.recall': z.strictObject({ type: z.literal('parcel.recall') }),
  },
  output: parcelOutput,
  access: {
    start: 'internal',
    read: { any: everyone },
    events: { 'parcel.delivered': everyone, 'parcel.recall': everyone },
  },
  describe: (context: { input: ParcelInput }) => ({
    title: `Parcel of ${context.input.order_no}`,
    attributes: { order_no: context.input.order_no },
  }),
}

// ---- order: the parent ------------------------------------------------------------------------------------------

const orderInput = z.strictObject({ order_no: z.string().min(1), neighbour_id: z.uuid().nullable().default(null) })
type OrderInput = z.infer<typeof orderInput>
const reservation = z.strictObject({ shelf: z.string() })

interface OrderContext extends Start<OrderInput> {
  shelf: string | null
  notes: number
  reminders: number
  greeted_by: string | null
  signed_by: string | null
  problem: string | null
  on_the_way: boolean
}

type OrderEvent =
  | { type: 'payment.received'; amount: number }
  | { type: 'note.added' }
  | { type: 'order.paused' }
  | { type: 'order.resumed' }
  | { type: 'order.cancelled' }
  | { type: 'neighbour.greet' }
  | { type: 'neighbour.greet_if_welcome' }
  | { type: 'greeting'; from: string }
  | { type: 'parcel.on_the_way' }
  | { type: 'reminder' }

const order = ({ context }: { context: OrderContext }) => ({ order_no: context.input.order_no })

const orderMachine = setup({
  types: {} as { context: OrderContext; input: Start<OrderInput>; events: OrderEvent },
  actors: {
    reserveStock: external<z.infer<typeof reservation>, { order_no: string }>(reservation),
    price: external<number, { order_no: string }>(z.number()),
    parcel: child<z.infer<typeof parcelOutput>, ParcelInput>(parcelMachine),
  },
  guards: { pays: ({ event }) => event.type === 'payment.received' && event.amount > 0 },
  delays: { paymentWindow: 15 * 60_000, reminderDelay: 60_000 },
  actions: {
    keepShelf: assign(({ event }) => ({ shelf: (event as unknown as { output: { shelf: string } }).output.shelf })),
    keepProblem: assign(({ event }) => ({ problem: JSON.stringify((event as unknown as { error: unknown }).error) })),
    keepSignature: assign(({ event }) => ({
      signed_by: (event as unknown as { output: { signed_by: string } }).output.signed_by,
    })),
    markOnTheWay: assign({ on_the_way: true }),
    countNote: assign({ notes: ({ context }) => context.notes + 1 }),
    countReminder: assign({ reminders: ({ context }) => context.reminders + 1 }),
    keepGreeting: assign(({ event }) => ({ greeted_by: event.type === 'greeting' ? event.from : null })),
    announce: emit(({ context }) => ({ type: 'announced', order_no: context.input.order_no })),
    remindLater: raise({ type: 'reminder' }, { delay: 'reminderDelay', id: 'reminder' }),
    greet: sendTo(
      ({ context }) => addressed(context.input.neighbour_id ?? ''),
      ({ context }) => ({ type: 'greeting', from: context.input.order_no }),
    ),
    greetIfWelcome: sendTo(
      ({ context }) => addressed(context.input.neighbour_id ?? ''),
      ({ context }) => ({ type: 'greeting', from: context.input.order_no }),
      optional,
    ),
  },
}).createMachine({
  id: 'order',
  version: '1.0.0',
  context: ({ input: start }) => ({
    ...start,
    shelf: null,
    notes: 0,
    reminders: 0,
    greeted_by: null,
    signed_by: null,
    problem: null,
    on_the_way: false,
  }),
  initial: 'open',
  on: {
    'note.added': { actions: 'countNote' },
    'neighbour.greet': { actions: 'greet' },
    'neighbour.greet_if_welcome': { actions: 'greetIfWelcome' },
  },
  states: {
    open: {
      on: { 'order.paused': 'paused', 'order.cancelled': 'cancelled' },
      type: 'parallel',
      states: {
        goods: {
          initial: 'reserving',
          states: {
            reserving: {
              invoke: {
                id: 'reserveStock',
                src: 'reserveStock',
                input: order,
                onDone: { target: 'reserved', actions: 'keepShelf' },
                onError: { target: '#order.failed', actions: 'keepProblem' },
              },
            },
            reserved: { type: 'final' },
          },
        },
        money: {
          initial: 'pricing',
          states: {
            pricing: {
              invoke: { id: 'price', src: 'price', input: order, onDone: 'awaiting', onError: '#order.failed' },
            },
            awaiting: {
              tags: ['waiting'],
              entry: 'remindLater',
              after: { paymentWindow: '#order.expired' },
              on: { 'payment.received': { guard: 'pays', target: 'paid' }, reminder: { actions: 'countReminder' } },
            },
            paid: { type: 'final' },
          },
        },
        memory: { type: 'history', history: 'deep' },
      },
      onDone: 'shipping',
    },
    paused: { on: { greeting: { actions: 'keepGreeting' }, 'order.resumed': 'open.memory' } },
    shipping: {
      invoke: {
        id: 'parcel',
        src: 'parcel',
        input: order,
        onDone: { target: 'done', actions: ['keepSignature', 'announce'] },
        onError: 'failed',
      },
      on: { 'parcel.on_the_way': { actions: 'markOnTheWay' }, 'order.cancelled': 'cancelled' },
    },
    done: { type: 'final' },
    failed: { type: 'final' },
    expired: { type: 'final' },
    cancelled: { type: 'final' },
  },
})

const only = <T extends string>(type: T) => z.strictObject({ type: z.literal(type) })

export const orderDefinition: MachineDefinition = {
  machine: orderMachine,
  input: orderInput,
  context: z.object({
    input: orderInput,
    moment: momentSchema,
    shelf: z.string().nullable(),
    notes: z.int(),
    reminders: z.int(),
    greeted_by: z.string().nullable(),
    signed_by: z.string().nullable(),
    problem: z.string().nullable(),
    on_the_way: z.boolean(),
  }),
  events: {
    'payment.received': z.strictObject({ type: z.literal('payment.received'), amount: z.number() }),
    'note.added': only('note.added'),
    'order.paused': only('order.paused'),
    'order.resumed': only('order.resumed'),
    'order.cancelled': only('order.cancelled'),
    'neighbour.greet': only('neighbour.greet'),
    'neighbour.greet_if_welcome': only('neighbour.greet_if_welcome'),
    greeting: z.strictObject({ type: z.literal('greeting'), from: z.string() }),
    'parcel.on_the_way': only('parcel.on_the_way'),
    reminder: only('reminder'),
  },
  access: {
    start: everyone,
    read: { any: everyone },
    events: {
      'payment.received': everyone,
      'note.added': everyone,
      'order.paused': everyone,
      'order.resumed': everyone,
      'order.cancelled': ['ADMIN'],
      'neighbour.greet': everyone,
      'neighbour.greet_if_welcome': everyone,
      greeting: 'internal',
      'parcel.on_the_way': 'internal',
      reminder: 'internal',
    },
  },
  describe: ({ input }: OrderContext) => ({
    title: `Order ${input.order_no}`,
    attributes: { order_no: input.order_no },
  }),
}

/** Stock on the first shelf and a price, unless a test wants otherwise. */
export function orderHandlers(
  reserveStock: HandlerRegistration = { kind: 'durable', run: async () => ({ shelf: 'A1' }) },
): Handlers {
  return { 'order.reserveStock': reserveStock, 'order.price': { kind: 'inline', run: () => 42 } }
}
