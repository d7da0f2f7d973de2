/**
 * Brings turns about: loads what a turn needs, computes it, waits its place in the queue of its instance, hands it
 * to the writer, and does it again when a race was lost. What is in memory only speeds up acceptance: before anything
 * is refused, the database is asked (D8).
 */
import type { Principal } from '../../machines/definition.ts'
import { Refusal } from '../refusal.ts'
import type { Debt } from '../store/commit.ts'
import { closeEffect } from '../store/effects.ts'
import { instancesByIds } from '../store/instances.ts'
import { type RequestScope, requestRemembered } from '../store/requests.ts'
import type { Store } from '../store/store.ts'
import type { Catalogue } from './catalogue.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { type Resident, Residents } from './resident.ts'
import { residentFrom } from './rows.ts'
import { type Computed, computeTurn, type Turn, type TurnRequest } from './turn.ts'
import type { Handlers, Receipt } from './types.ts'
import type { Writer, Written } from './writer.ts'

/** Races lost in a row before the caller is told to come back. */
const PATIENCE = 100

export interface PerformerOptions {
  readonly store: Store
  readonly catalogue: Catalogue
  readonly handlers: Handlers
  readonly writer: Writer
  readonly residents_limit: number
  /** Requests from outside that may be under way; more are refused with OVERLOADED. */
  readonly queue_limit: number
  readonly holder: string
  /** Takes a place for an effect of that source here, if one is free. */
  readonly reserve: (source: string) => boolean
  readonly release: (source: string) => void
  /** Called with each turn that has become durable. */
  readonly committed: (turn: Turn, debts: readonly Debt[]) => void
}

export type Performed = Receipt | 'gone'

export class Performer {
  readonly #options: PerformerOptions
  readonly #residents: Residents
  readonly #queue = new KeyedQueue()
  /** Instances with a turn on its way to the database. */
  readonly #busy = new Map<string, Promise<unknown>>()
  #waiting = 0

  constructor(options: PerformerOptions) {
    this.#options = options
    this.#residents = new Residents(options.residents_limit)
  }

  resident(instance_id: string): Resident | undefined {
    return this.#residents.get(instance_id)
  }

  /** Resolves once durable. `gone`: the effect behind the cause does not count any more, and nothing was written. */
  async perform(request: TurnRequest): Promise<Performed> {
    const { kind, instance_id } = request.cause
    const { queue_limit } = this.#options
    const fromOutside = kind === 'start' || kind === 'event'
    if (fromOutside && this.#waiting >= queue_limit) {
      throw new Refusal('OVERLOADED', `${this.#waiting} requests are waiting already`, { retry_after_s: 1 })
    }
    const turn = () => this.#queue.run(instance_id, () => this.#attempts(request))
    this.#waiting += 1
    try {
      return await (request.request
        ? this.#queue.run(scopeText(scopeOf(request)), () => this.#once(request, turn))
        : turn())
    } finally {
      this.#waiting -= 1
    }
  }

  get waiting(): number {
    return this.#waiting
  }

  // Requests with the same key wait for each other, so that all but the first find its answer.
  async #once(request: TurnRequest, turn: () => Promise<Performed>): Promise<Performed> {
    return (await this.#remembered(request)) ?? turn()
  }

  async #attempts(request: TurnRequest): Promise<Performed> {
    for (let lost = 0; lost < PATIENCE; lost++) {
      const begun = await this.#begun(request)
      if (!('turn' in begun)) return begun.answer
      const { turn } = begun
      const written = await begun.writing
      if (written.ok) return this.#receipt(request, turn)
      switch (written.lost) {
        case 'effect':
          return 'gone'
        case 'request': {
          const answer = await this.#remembered(request)
          if (answer) return answer
          break
        }
        case 'exists':
          throw new Refusal('ALREADY_EXISTS', 'What this request would create exists already', {
            instance_id: request.cause.instance_id,
          })
        case 'instance':
          for (const { after } of turn.touched) this.#residents.forget(after.instance_id)
      }
    }
    throw new Refusal('OVERLOADED', `Instance "${request.cause.instance_id}" changes too fast`, { retry_after_s: 1 })
  }

  // Computes until everything needed is in memory and none of it is on its way to the database already; from there
  // to the writer nothing may come between, or two turns would begin from one revision.
  async #begun(request: TurnRequest): Promise<{ answer: Performed } | { turn: Turn; writing: Promise<Written> }> {
    const { catalogue, handlers } = this.#options
    const absent = new Set<string>()
    for (let trusted = false; ; ) {
      const read = new Map<string, Resident>()
      const resident = (id: string) => {
        const known = this.#residents.get(id)
        if (known) read.set(id, known)
        return known ?? (absent.has(id) ? null : undefined)
      }
      const computed = outcomeOf(() => computeTurn({ catalogue, handlers, resident }, request))
      switch (computed.kind) {
        case 'turn': {
          const { turn } = computed
          if (turn.relied_on.length > 0 && !trusted) {
            trusted = await this.#upToDate(read, turn.relied_on)
            break
          }
          const busy = turn.touched.flatMap(({ after }) => this.#busy.get(after.instance_id) ?? [])
          if (busy.length === 0) return { turn, writing: this.#write(turn) }
          await Promise.allSettled(busy)
          break
        }
        case 'needs':
          for (const id of await this.#load(computed.instance_ids)) absent.add(id)
          break
        case 'gone':
        case 'refused': {
          const answer = await this.#remembered(request)
          if (answer) return { answer }
          if (!(await this.#upToDate(read, [...read.keys()]))) break
          if (computed.kind === 'refused') throw computed.cause
          if ('effect_id' in request.cause) await closeEffect(this.#options.store.db, request.cause.effect_id)
          return { answer: 'gone' }
        }
      }
    }
  }

  // What a refusal rests on must be what the database holds: another server may have moved on. Forgets what is old.
  async #upToDate(read: ReadonlyMap<string, Resident>, ids: readonly string[]): Promise<boolean> {
    if (ids.length === 0) return true
    await Promise.allSettled(ids.map((id) => this.#busy.get(id)))
    const rows = new Map((await instancesByIds(this.#options.store.db, ids)).map((row) => [row.instance_id, row]))
    const old = ids.filter((id) => {
      const known = read.get(id)
      return known !== this.#residents.get(id) || rows.get(id)?.revision !== known?.revision
    })
    for (const id of old) this.#residents.forget(id)
    return old.length === 0
  }

  /** Ids the store does not have. */
  async #load(ids: readonly string[]): Promise<string[]> {
    const rows = await instancesByIds(this.#options.store.db, ids)
    for (const row of rows) this.#residents.keep(residentFrom(this.#options.catalogue, row))
    return ids.filter((id) => !rows.some((row) => row.instance_id === id))
  }

  async #write(turn: Turn): Promise<Written> {
    const { writer, holder, reserve, release } = this.#options
    const debts = turn.debts.map((debt) => ({
      ...debt,
      leased_by: debt.kind === 'invoke' && reserve(debt.source) ? holder : null,
      abort_requested: turn.aborts.includes(debt.effect_id),
    }))
    const freed = () => {
      for (const { leased_by, source } of debts) if (leased_by) release(source)
    }
    const writing = submitted(writer, { ...turn, debts })
    for (const { after } of turn.touched) this.#busy.set(after.instance_id, writing)
    try {
      const written = await writing
      if (!written.ok) freed()
      else {
        for (const resident of written.residents) this.#residents.keep(resident)
        this.#options.committed(turn, debts)
      }
      return written
    } catch (cause) {
      freed()
      for (const { after } of turn.touched) this.#residents.forget(after.instance_id)
      throw cause
    } finally {
      for (const { after } of turn.touched) this.#busy.delete(after.instance_id)
    }
  }

  #receipt({ cause }: TurnRequest, turn: Turn): Receipt {
    const subject = turn.touched.find(({ after }) => after.instance_id === cause.instance_id)
    return { instance_id: cause.instance_id, revision: subject?.after.revision ?? 0, repeated: false }
  }

  async #remembered(turn: TurnRequest): Promise<Receipt | undefined> {
    if (!turn.request) return undefined
    const row = await requestRemembered(this.#options.store.db, scopeOf(turn))
    if (!row) return undefined
    if (row.body_hash !== turn.request.body_hash) {
      throw new Refusal('IDEMPOTENCY_CONFLICT', `The idempotency key "${row.key}" was used with another request body`, {
        key: row.key,
      })
    }
    return { instance_id: row.instance_id, revision: row.revision, repeated: true }
  }
}

function outcomeOf(compute: () => Computed): Computed | { kind: 'refused'; cause: unknown } {
  try {
    return compute()
  } catch (cause) {
    return { kind: 'refused', cause }
  }
}

async function submitted(writer: Writer, turn: Parameters<Writer['submit']>[0]) {
  return writer.submit(turn)
}

function scopeOf({ tenant, by, request }: TurnRequest): RequestScope {
  return { tenant, principal_id: (by as Principal).id, operation: request?.operation ?? '', key: request?.key ?? '' }
}

function scopeText({ tenant, principal_id, operation, key }: RequestScope): string {
  return JSON.stringify([tenant, principal_id, operation, key])
}
