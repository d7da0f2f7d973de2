/**
 * Random commands, keys and revisions from many callers at once, through servers that are abandoned and replaced in
 * between, against a model one can hold in the head. Every answer must fit one order of events: that of the revisions.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../../src/refusal.ts'
import type { Store } from '../../src/store/store.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { alice, engineOn, type TestEngine } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const types = ['note.added', 'order.paused', 'order.resumed', 'order.cancelled'] as const

interface Command {
  readonly type: (typeof types)[number]
  readonly order: number
  readonly server: number
  readonly key: number | null
  /** Asks for the revision known before the round, plus this; null asks for none. */
  readonly ahead: number | null
}

const command: fc.Arbitrary<Command> = fc.record({
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constant(types[0]) },
    { weight: 3, arbitrary: fc.constantFrom(types[1], types[2]) },
    { weight: 1, arbitrary: fc.constant(types[3]) },
  ),
  order: fc.nat(1),
  server: fc.nat(1),
  key: fc.option(fc.nat(3)),
  ahead: fc.option(fc.nat(1), { freq: 3 }),
})
const round = fc.record({
  commands: fc.array(command, { minLength: 1, maxLength: 6 }),
  replaced: fc.option(fc.nat(1), { freq: 4 }),
})

interface Model {
  readonly state: 'open' | 'paused' | 'cancelled'
  readonly notes: number
}

/** The order in the head: what an event makes of it, or null when it does not take it. */
function after({ state, notes }: Model, type: Command['type']): Model | null {
  if (state === 'cancelled') return null
  if (type === 'note.added') return { state, notes: notes + 1 }
  if (type === 'order.paused') return state === 'open' ? { state: 'paused', notes } : null
  if (type === 'order.resumed') return state === 'paused' ? { state: 'open', notes } : null
  return state === 'open' ? { state: 'cancelled', notes } : null
}

interface Answered {
  readonly command: Command
  /** Revisions of the order that were known when it was asked, and when it was answered. */
  readonly from: number
  readonly to: number
  readonly expected: number | null
  readonly revision: number | null
  readonly repeated: boolean
  readonly code: string | null
}

const FIRST = 2 // revision of an order once it has its price

describe.each(testStores)('on $name', ({ open, name }) => {
  test('every answer fits one order of events', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 6 }), async (rounds) => {
        const { store, again, close } = await open()
        const servers = await Promise.all([server(store), server(name === 'postgres' ? await again() : store)])
        const retired: TestEngine[] = []
        const first = servers[0] as TestEngine
        const orders = await Promise.all(
          [0, 1].map(
            async (n) =>
              (await first.start({ machine: 'order', input: { order_no: `m-${n}` }, by: alice })).instance_id,
          ),
        )
        const known = [FIRST, FIRST]
        const answers: Answered[] = []
        for (const { commands, replaced } of rounds) {
          const before = [...known]
          await Promise.all(
            commands.map(async (one) =>
              answers.push(
                await ask(servers[one.server] as TestEngine, orders[one.order] as string, one, before, known),
              ),
            ),
          )
          if (replaced === null) continue
          // Nobody tells it: what it holds in memory stays with it, as with a server that died or was cut off.
          retired.push(servers[replaced] as TestEngine)
          servers[replaced] = await server(name === 'postgres' ? await again() : store)
        }
        for (const [n, id] of orders.entries())
          await fits(
            first,
            id,
            answers.filter(({ command }) => command.order === n),
          )
        expect(await first.verifyChain()).toMatchObject({ valid: true })
        for (const engine of [...retired, ...servers]) await engine.stop()
        await close()
      }),
      { numRuns: name === 'postgres' ? 25 : 15, seed: 42 },
    )
  })
})

async function server(store: Store): Promise<TestEngine> {
  const engine = engineOn(store, [parcelDefinition, orderDefinition], { handlers: orderHandlers({ kind: 'remote' }) })
  await engine.open()
  return engine
}

async function ask(
  engine: TestEngine,
  instance_id: string,
  command: Command,
  before: readonly number[],
  known: number[],
): Promise<Answered> {
  const { type, order, key, ahead } = command
  const from = before[order] as number
  const expected = ahead === null ? null : from + ahead
  const request = key === null ? undefined : { key: `k-${order}-${key}`, operation: 'instance.send', body_hash: type }
  const told = { command, from, expected }
  try {
    const { revision, repeated } = await engine.send({
      ...{ instance_id, by: alice, event: { type }, request },
      ...(expected === null ? {} : { expected_revision: expected }),
    })
    known[order] = Math.max(known[order] as number, revision)
    return { ...told, revision, repeated, code: null, to: known[order] as number }
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    const { revision } = (await engine.view(instance_id)) ?? {}
    return { ...told, revision: null, repeated: false, code: refusal.code, to: revision }
  }
}

/** The journal in the order of its revisions is the one order; every answer must have its place in it. */
async function fits(engine: TestEngine, instance_id: string, answers: readonly Answered[]): Promise<void> {
  const steps = answers.filter(({ revision, repeated }) => revision !== null && !repeated)
  const byRevision = new Map(steps.map((answer) => [answer.revision, answer]))
  expect(byRevision.size, 'two answers claim one revision').toBe(steps.length)

  const models: Model[] = []
  models[FIRST] = { state: 'open', notes: 0 }
  const view = await engine.view(instance_id)
  for (let revision = FIRST + 1; revision <= view.revision; revision++) {
    const answer = byRevision.get(revision)
    expect(answer, `revision ${revision} was answered to nobody`).toBeDefined()
    const next = after(models[revision - 1] as Model, (answer as Answered).command.type)
    expect(next, `revision ${revision} should have been refused`).not.toBeNull()
    models[revision] = next as Model
    if (answer?.expected !== null) expect(answer?.expected).toBe(revision - 1)
  }
  expect(steps.length).toBe(view.revision - FIRST)
  expect(view.context.notes).toBe(models[view.revision]?.notes)

  for (const answer of answers) {
    const { command, code, repeated, revision, from, to, expected } = answer
    if (repeated) expect(byRevision.get(revision)?.command).toMatchObject({ key: command.key, type: command.type })
    if (code === null) continue
    // It was right at some moment between question and answer.
    const moments = models.slice(from, to + 1)
    const right = {
      EVENT_NOT_ACCEPTED: () => moments.some((model) => after(model, command.type) === null),
      INSTANCE_FINISHED: () => moments.some(({ state }) => state === 'cancelled'),
      CONCURRENT_MODIFICATION: () => expected !== null && (to !== expected || from !== expected),
      IDEMPOTENCY_CONFLICT: () =>
        steps.some(({ command: other }) => other.key === command.key && other.type !== command.type),
    }[code]
    expect(right?.(), `${code} to ${JSON.stringify(answer)}`).toBe(true)
  }
}
