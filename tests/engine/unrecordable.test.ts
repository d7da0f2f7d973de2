/**
 * Handlers, charts and descriptions that come up with what no record can hold: it is an error like any other, and
 * nobody else waits for it.
 */
import { describe, expect, test, vi } from 'vitest'
import type { InstanceView } from '../../src/engine/types.ts'
import { errandDefinition } from '../examples/errand.ts'
import { fakeClock } from '../support/clock.ts'
import { alice, engineOn } from '../support/engine.ts'
import { testStores } from '../support/stores.ts'

const ring: { inner?: unknown } = {}
ring.inner = ring

const answers: [string, unknown][] = [
  ['NaN', Number.NaN],
  ['a number beyond all numbers', { size: Number.POSITIVE_INFINITY }],
  ['a BigInt', 1n],
  ['a BigInt deep inside', { sizes: [{ size: 1n }] }],
  ['a Date', { at: new Date(0) }],
  ['a Map', new Map([['a', 1]])],
  ['a function', () => {}],
  ['a symbol', Symbol('s')],
  ['something that contains itself', ring],
  ['something that throws when it is looked at', Object.defineProperty({}, 'x', { enumerable: true, get: fail })],
]

const errors: [string, unknown][] = [
  ['a BigInt in an object', { size: 1n }],
  ['a BigInt', 1n],
  ['NaN', Number.NaN],
  ['nothing', undefined],
  ['null', null],
  ['a symbol', Symbol('s')],
  ['something that contains itself', ring],
  ['an error with a BigInt for its code', Object.assign(new Error('odd'), { code: 1n })],
  ['a text no database takes', new Error('a\0b\ud800')],
]

function fail(): never {
  throw new Error('do not look')
}

describe.each(testStores)('on $name', ({ open }) => {
  /** Every other errand ends as told, on the one place there is: were it not given back, the next would never end. */
  async function errands(odd: () => Promise<unknown>) {
    const { store } = await open()
    let runs = 0
    const retry = { max_attempts: 1, backoff_ms: 1, factor: 1, max_backoff_ms: 1 }
    const run = async () => (++runs % 2 === 1 ? odd() : 'fine')
    const handlers = { 'errand.run': { kind: 'durable', run, concurrency: 1, retry } } as const
    const engine = engineOn(store, [errandDefinition], { handlers, clock: fakeClock() })
    await engine.open()
    const begin = async (input: object = {}) =>
      (await engine.start({ machine: 'errand', input, by: alice })).instance_id
    const ended = (id: string) => engine.until(id, ({ status }) => status !== 'active')
    return { engine, begin, ended }
  }

  /** Work that throws the same twice, and then answers. */
  async function backAtTheThirdTry(thrown: unknown, timeout = 5_000) {
    const { store } = await open()
    const clock = fakeClock()
    let runs = 0
    const run = async () => {
      runs += 1
      if (runs < 3) throw thrown
      return 'fine'
    }
    const engine = engineOn(store, [errandDefinition], { handlers: { 'errand.run': { kind: 'durable', run } }, clock })
    await engine.open()
    const { instance_id } = await engine.start({ machine: 'errand', input: {}, by: alice })
    await vi.waitFor(
      async () => {
        await clock.advance(1_000)
        expect(await engine.view(instance_id)).toMatchObject({ state: 'back', context: { kept: 'fine' } })
      },
      { timeout, interval: 5 },
    )
    expect(runs).toBe(3)
  }

  /** One errand for each ending, and a good one after each: one place for all of them, so none may be kept. */
  async function endOneByOne(endings: readonly (readonly [string, () => Promise<unknown>])[]) {
    const coming = endings.map(([, ending]) => ending)
    const { begin, ended } = await errands(async () => coming.shift()?.())
    const seen: [string, InstanceView][] = []
    for (const [name] of endings) {
      const [odd, next] = [await begin(), await begin()]
      seen.push([name, await ended(odd)])
      expect(await ended(next), `after ${name}`).toMatchObject({ state: 'back', context: { kept: 'fine' } })
    }
    return seen
  }

  test('work that answers with what has no JSON form fails, and the next errand goes on', async () => {
    const seen = await endOneByOne(answers.map(([name, answer]) => [name, async () => answer]))
    const failed = { state: 'failed', context: { problem: expect.stringContaining('InvalidOutcome') } }
    for (const [name, errand] of seen) expect(errand, name).toMatchObject(failed)
  })

  test('work that throws what is no error fails, and the next errand goes on', async () => {
    const seen = await endOneByOne(errors.map(([name, thrown]) => [name, () => Promise.reject(thrown)]))
    for (const [name, errand] of seen) expect(errand, name).toMatchObject({ state: 'failed' })
  })

  test.each<[string, unknown]>([
    ['tells of a BigInt', Object.assign(new Error(), { message: 1n })],
    ['has a name that is no text', Object.assign(new Error('odd'), { name: Number.NaN })],
    ['cannot be looked at', Object.defineProperty(new Error(), 'message', { get: fail })],
    ['has no prototype', Object.assign(Object.create(null), { size: 1n })],
  ])('work that throws an error which %s is tried again like any other', (_, thrown) => backAtTheThirdTry(thrown, 800))

  test('work that throws what has no JSON form is tried again like any other', () => backAtTheThirdTry({ size: 1n }))

  test.each(['NaN', 'a date', 'a bigint'])('a chart that wants to keep %s is told of an error', async (keeps) => {
    const { engine, begin, ended } = await errands(async () => 'fine')
    const [odd, next] = [await begin({ keeps }), await begin()]
    expect(await ended(odd)).toMatchObject({
      state: 'failed',
      context: { kept: null, problem: expect.stringContaining('STEP_FAILED') },
    })
    expect(await ended(next)).toMatchObject({ state: 'back' })
    expect(await engine.verifyChain()).toMatchObject({ valid: true })
  })

  test('a chart whose description fails over an answer is told of an error', async () => {
    const { begin, ended } = await errands(async () => 'unspeakable')
    const [odd, next] = [await begin(), await begin()]
    expect(await ended(odd)).toMatchObject({
      state: 'failed',
      context: { problem: expect.stringContaining('there are no words for it') },
    })
    expect(await ended(next)).toMatchObject({ state: 'back' })
  })

  test('an event that would put NaN in the record is refused, and the instance goes on', async () => {
    const answer = Promise.withResolvers<string>()
    const { engine, begin, ended } = await errands(() => answer.promise)
    const id = await begin()
    await expect(engine.send({ instance_id: id, event: { type: 'spoil' }, by: alice })).rejects.toMatchObject({
      code: 'STEP_FAILED',
      fields: { instance_id: id, event_type: 'spoil' },
    })
    expect(await engine.view(id)).toMatchObject({ revision: 1, context: { kept: null } })
    answer.resolve('late')
    expect(await ended(id)).toMatchObject({ state: 'back', context: { kept: 'late' } })
  })
})
