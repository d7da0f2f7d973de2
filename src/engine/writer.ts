/**
 * The one writer of a process. Turns that are ready while a batch is on its way go out together in the next one:
 * one statement, one round trip, one sync to disk, any number of turns.
 *
 *   turns ─▶ queue ─▶ batch: sequences, hashes, root, signatures ─▶ statement ─┬─ written
 *                       ▲                                                      ├─ a turn lost a race: without it, again
 *                       └── the head has moved: read it, sign anew ◀───────────┤
 *                                                                              └─ connection died: look, then decide (D4)
 *
 * A full batch does not wait for the answer to the one before: it is built on the head that one will leave, and the
 * database takes it only if that is the head it finds. Answers are seen to in order.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { canonical } from '../ledger/canonical.ts'
import { type Entry, placed } from '../ledger/entry.ts'
import { NO_HASH } from '../ledger/hash.ts'
import type { Signer } from '../ledger/keys.ts'
import { sealed } from '../ledger/seal.ts'
import { appended, type Frontier, frontierFrom, frontierText, rootOf } from '../ledger/tree.ts'
import { Refusal } from '../refusal.ts'
import type { Batch, Birth, Debt, Loss, Move, Verdict } from '../store/commit.ts'
import { readHead } from '../store/head.ts'
import { sealNumbered } from '../store/journal.ts'
import { NotDurable, type Store } from '../store/store.ts'
import type { Log } from './log.ts'
import { tagsOf } from './persisted.ts'
import type { Resident } from './resident.ts'
import type { Turn } from './turn.ts'

export interface WriterOptions {
  readonly store: Store
  readonly signer: Signer
  readonly witness: Signer
  readonly log: Log
  readonly batch_limit: number
  readonly lease_s: number
  /** Told after each batch, for readers that wait for news. */
  readonly committed: () => void
}

export type Written =
  | { readonly ok: true; readonly residents: readonly Resident[] }
  | { readonly ok: false; readonly lost: Loss['what'] }

/** A turn with its leases decided. */
export type ReadyTurn = Omit<Turn, 'debts'> & { readonly debts: readonly Debt[] }

interface Waiting {
  readonly turn: ReadyTurn
  readonly resolve: (written: Written) => void
  readonly reject: (cause: unknown) => void
}

interface Head {
  readonly number: number
  readonly next_sequence: number
  readonly hash: string
  readonly frontier: Frontier
}

interface Built {
  readonly base: Head
  readonly batch: Batch
  readonly next: Head
  readonly residents: readonly (readonly Resident[])[]
}

/** What became of one batch on its way. */
interface Sent {
  /** Commits whose answer never came: each may have been written, or may yet be. */
  readonly unanswered: Built[]
  failures: number
}

interface Answered {
  readonly built: Built
  readonly verdict: Verdict
}

/** A batch sent before the one it follows was answered. */
interface Early {
  readonly built: Built
  readonly verdict: Promise<Verdict>
}

/** Data, integrity, syntax and limits: it is the batch, not the moment. */
const BAD_TURN = /^(22|23|42|54)/
/** Lost connections, shutdowns, deadlocks: the same batch is welcome again. */
const PASSING = /^(08|57P|40)/
/** Answered failures in a row before the callers are told. */
const PATIENCE = 5
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
/** After losing the head a writer locks it first, until it has met it unmoved this often (D2). */
const CALM = 64
const RETRY_S = 1
/** Turns that make a batch worth sending behind another one. */
const FULL = 32
/** Batches on their way at once. */
const DEPTH = 3

export class Writer {
  readonly #options: WriterOptions
  #queue: Waiting[] = []
  #head: Head | undefined
  /** Where the log ends once all that is on its way is written, as far as that can be foreseen. */
  #ahead: Head | undefined
  /** The furthest end of the log this process has seen. */
  #met: Head | undefined
  /** Why nothing more is written here. */
  #doubt: string | undefined
  #onTheirWay = 0
  #answered: Promise<void> = Promise.resolve()
  #gathering = false
  #lockFirst = 0
  #stopped = false
  readonly stats = { batches: 0, turns: 0, entries: 0, heads_lost: 0 }

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Resolves when the turn is durable or has lost a race; rejects when it was not written. */
  submit(turn: ReadyTurn): Promise<Written> {
    if (this.#stopped) throw new Refusal('STOPPING', 'The server is stopping', { retry_after_s: RETRY_S })
    if (this.#doubt) throw new Refusal('LEDGER_IN_DOUBT', this.#doubt)
    return new Promise((resolve, reject) => {
      this.#queue.push({ turn, resolve, reject })
      if (this.#queue.length >= FULL) this.#send()
      else this.#gather()
    })
  }

  /** Writes what is waiting, if the database answers, then takes no more. */
  async stop(): Promise<void> {
    this.#stopped = true
    while (this.#queue.length > 0 || this.#onTheirWay > 0) await this.#answered
  }

  // Turns that become ready in the same round of the event loop share a batch.
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    queueMicrotask(() => {
      this.#gathering = false
      this.#send()
    })
  }

  // A batch that is not full waits until nothing is on its way: it grows meanwhile.
  #send(): void {
    while (this.#queue.length > 0 && (this.#onTheirWay === 0 || this.#mayFollow())) {
      const waiting = this.#take()
      const early = this.#early(waiting)
      this.#onTheirWay += 1
      this.#answered = this.#answered
        .then(() => this.#write(waiting, early))
        .catch((cause) => {
          for (const { reject } of waiting) reject(cause)
        })
        .then(() => {
          this.#onTheirWay -= 1
          if (this.#onTheirWay === 0) this.#ahead = this.#lockFirst === 0 ? this.#head : undefined
          this.#send()
        })
    }
  }

  #mayFollow(): boolean {
    return this.#ahead !== undefined && this.#onTheirWay < DEPTH && this.#queue.length >= FULL
  }

  #early(waiting: readonly Waiting[]): Early | undefined {
    if (!this.#ahead) return undefined
    const built = this.#build(waiting, this.#ahead)
    this.#ahead = built.next
    const verdict = this.#options.store.commit(built.batch)
    // Looked at when its turn comes.
    verdict.catch(() => {})
    return { built, verdict }
  }

  // The orchestrator's turns may move the halt flag, so they travel alone.
  #take(): Waiting[] {
    const { batch_limit } = this.#options
    const alone = this.#queue.findIndex(({ turn }) => turn.orchestrator)
    const count = alone === -1 ? batch_limit : Math.max(1, Math.min(alone, batch_limit))
    return this.#queue.splice(0, count)
  }

  async #write(waiting: readonly Waiting[], early?: Early): Promise<void> {
    const sent: Sent = { unanswered: [], failures: 0 }
    let left = waiting
    for (let sentEarly = early; left.length > 0; sentEarly = undefined) {
      const attempt = await this.#attempt(left, sent, sentEarly)
      if (this.#doubt) throw new Refusal('LEDGER_IN_DOUBT', this.#doubt)
      if (attempt === 'again') continue
      if ('refused' in attempt) return this.#halve(left, attempt.refused)
      const { built, verdict } = attempt
      if (verdict.ok) return this.#written(left, built)
      this.#ahead = undefined
      // What it was to follow was not written as foreseen.
      if (!verdict.head_ok && sentEarly && built.base !== this.#head) continue
      if (!verdict.head_ok) {
        // The head may have been moved by a commit of our own whose answer was lost and which came late (D4).
        const late = await this.#writtenLate(sent)
        if (late) return this.#written(left, late)
        this.#head = undefined
        this.#lockFirst = CALM
        this.stats.heads_lost += 1
        continue
      }
      if (!verdict.running) {
        const halted = await this.#haltedRefusal()
        for (const { reject } of left) reject(halted)
        return
      }
      const lost = new Map(verdict.lost.map(({ turn, what }) => [turn, what]))
      left.forEach(({ resolve }, turn) => {
        const what = lost.get(turn)
        if (what) resolve({ ok: false, lost: what })
      })
      left = left.filter((_, turn) => !lost.has(turn))
    }
  }

  async #attempt(left: readonly Waiting[], sent: Sent, early: Early | undefined) {
    let built = early?.built
    const send = async () => {
      this.#head ??= await this.#readHead()
      built = this.#build(left, this.#head)
      return { built, verdict: await this.#options.store.commit(built.batch) }
    }
    try {
      if (early) return { built: early.built, verdict: await early.verdict }
      if (this.#lockFirst === 0) return await send()
      this.#lockFirst -= 1
      return await this.#options.store.lockingHead((number) => {
        if (number !== this.#head?.number) {
          this.#head = undefined
          this.#lockFirst = CALM
        }
        return send()
      })
    } catch (cause) {
      this.#ahead = undefined
      if (built) sent.unanswered.push(built)
      return this.#afterFailure(cause, sent)
    }
  }

  // What the database said no to was not written; what it did not answer may have been written all the same.
  async #afterFailure(cause: unknown, sent: Sent): Promise<'again' | { refused: unknown } | Answered> {
    const { log } = this.#options
    if (cause instanceof Refusal) throw cause
    if (cause instanceof NotDurable) throw this.#inDoubt('What was written could not be made durable', cause)
    const code = String((cause as { code?: unknown }).code ?? '')
    if (cause instanceof TypeError || BAD_TURN.test(code)) {
      log.error('a batch could not be written', { cause })
      return { refused: cause }
    }
    log.warn('the commit failed or was not answered', { cause, code })
    sent.failures += 1
    if (/^[0-9A-Z]{5}$/.test(code) && !PASSING.test(code) && sent.failures >= PATIENCE) {
      throw new Refusal('DATABASE_UNAVAILABLE', 'The database takes no writes at present', { retry_after_s: RETRY_S })
    }
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (this.#stopped)
        throw new Refusal('STOPPING', 'The server stops while its database does not answer', { retry_after_s: RETRY_S })
      if (sent.failures > 1 || pause > FIRST_PAUSE_MS) await wait(pause)
      try {
        const late = await this.#writtenLate(sent)
        if (late) return { built: late, verdict: { ok: true, head_ok: true, running: true, lost: [] } }
        this.#head = undefined
        return 'again'
      } catch (again) {
        log.warn('the database does not answer', { cause: again })
      }
    }
  }

  async #writtenLate({ unanswered }: Sent): Promise<Built | undefined> {
    for (const built of unanswered) {
      const seal = await sealNumbered(this.#options.store.db, built.batch.seal.number)
      if (seal?.hash === built.batch.seal.hash) return built
    }
    return undefined
  }

  // Fail closed: this process writes nothing more until somebody has looked.
  #inDoubt(doubt: string, cause?: unknown): Refusal {
    this.#doubt = doubt
    this.#options.log.error('nothing more is written', { cause, doubt })
    return new Refusal('LEDGER_IN_DOUBT', doubt)
  }

  // One bad turn must not spoil a batch: it is looked for until it is alone (D5).
  async #halve(left: readonly Waiting[], cause: unknown): Promise<void> {
    if (left.length === 1) {
      left[0]?.reject(unwritable(cause))
      return
    }
    const middle = Math.ceil(left.length / 2)
    await this.#write(left.slice(0, middle))
    await this.#write(left.slice(middle))
  }

  #written(left: readonly Waiting[], { next, residents, batch }: Built): void {
    this.#head = next
    this.#met = next
    this.stats.batches += 1
    this.stats.turns += left.length
    this.stats.entries += batch.entries.length
    left.forEach(({ resolve }, turn) => {
      resolve({ ok: true, residents: residents[turn] ?? [] })
    })
    this.#options.committed()
  }

  // A log only grows: where our last seal is gone, or is another, a record was taken away.
  async #readHead(): Promise<Head> {
    const { db } = this.#options.store
    const { number, next_sequence, hash, frontier } = await readHead(db)
    const met = this.#met
    if (met && met.number > 0) {
      const then = number < met.number ? undefined : await sealNumbered(db, met.number)
      if (then?.hash !== met.hash) {
        throw this.#inDoubt(
          `The log ended with seal ${met.number} when it was last met; now that is gone, and it ends with ${number}`,
        )
      }
    }
    this.#met = { number, next_sequence, hash, frontier: frontierFrom(frontier) }
    return this.#met
  }

  async #haltedRefusal(): Promise<Refusal> {
    const { halt_reason } = await readHead(this.#options.store.db)
    return new Refusal('SYSTEM_HALTED', `The system is halted: ${halt_reason ?? 'no reason is known'}`, { halt_reason })
  }

  // Everything that follows from the head: sequences, hashes, the root, the signatures.
  #build(waiting: readonly Waiting[], head: Head): Built {
    const { signer, witness, lease_s } = this.#options
    const entries: Entry[] = []
    const moves: Move[] = []
    const births: Birth[] = []
    const residents = waiting.map(({ turn }, index) =>
      turn.touched.map(({ before, after, drafts, snapshot }) => {
        let last_hash = before?.last_hash ?? NO_HASH
        for (const draft of drafts) {
          const entry = placed(draft, head.next_sequence + entries.length, last_hash)
          entries.push(entry)
          last_hash = entry.hash
        }
        const resident = { ...after, last_hash }
        const move = moveOf(index, before?.revision ?? 0, resident, snapshot)
        if (before) moves.push(move)
        else births.push(birthOf(move, resident))
        return resident
      }),
    )
    const frontier = appended(
      head.frontier,
      entries.map(({ hash }) => hash),
    )
    const body = {
      number: head.number + 1,
      first_sequence: head.next_sequence,
      count: entries.length,
      root: rootOf(frontier),
      prev_hash: head.hash,
    }
    const seal = sealed(body, signer, witness)
    const turns = waiting.map(({ turn }) => turn)
    return {
      base: head,
      residents,
      next: { number: seal.number, next_sequence: head.next_sequence + entries.length, hash: seal.hash, frontier },
      batch: {
        ...{ head: head.number, seal, frontier: frontierText(frontier), entries, moves, births, lease_s },
        overrides_halt: turns.every(({ orchestrator }) => orchestrator),
        halt: turns.find(({ halt }) => halt)?.halt ?? null,
        debts: turns.flatMap(({ debts }) => debts),
        closings: turns.flatMap(({ closings }, turn) => closings.map((closing) => ({ ...closing, turn }))),
        aborts: turns.flatMap(({ aborts }) => aborts),
        remembered: turns.flatMap(({ remembered }, turn) => (remembered ? [{ ...remembered, turn }] : [])),
      },
    }
  }
}

function unwritable(cause: unknown): Refusal {
  const message = cause instanceof Error ? cause.message : String(cause)
  const refusal = new Refusal('TURN_NOT_WRITABLE', `The database cannot hold what this would write: ${message}`)
  refusal.cause = cause
  return refusal
}

function moveOf(turn: number, expected: number, resident: Resident & { last_hash: string }, snapshot: string): Move {
  const { instance_id, revision, status, state, last_hash, title, attributes, entered_state_at, updated_at } = resident
  return {
    ...{
      turn,
      instance_id,
      expected,
      revision,
      status,
      state,
      last_hash,
      snapshot,
      title,
      entered_state_at,
      updated_at,
    },
    tags: canonical(tagsOf(resident.core.snapshot)),
    attributes: canonical(attributes),
  }
}

function birthOf(move: Move, { tenant, definition, input, parent_id, parent_child_id }: Resident): Birth {
  const { name: machine, version } = definition
  return { ...move, tenant, machine, version, input: canonical(input), parent_id, parent_child_id }
}
