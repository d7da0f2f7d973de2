/**
 * The engine: hosts instances of every machine in the catalogue on one store.
 *
 *   start / send ──▶ performer ──▶ computeTurn (pure) ──▶ writer ──▶ store.commit
 *                        ▲                                   │
 *                        │ outcomes, timers                  ▼
 *                    runner · timers ◀── effects that are durable
 */
import { randomUUID } from 'node:crypto'
import type { MachineDefinition, Principal } from '../../machines/definition.ts'
import { canonical } from '../ledger/canonical.ts'
import type { Signer } from '../ledger/keys.ts'
import { Refusal } from '../refusal.ts'
import type { Debt } from '../store/commit.ts'
import { closeEffect, type EffectRow, freeLeases, openSources, releaseLeases } from '../store/effects.ts'
import { readHead } from '../store/head.ts'
import { instancesByIds, livingVersions } from '../store/instances.ts'
import { publishKey } from '../store/journal.ts'
import { forgetOldRequests } from '../store/requests.ts'
import type { Store } from '../store/store.ts'
import { type Catalogue, catalogueOf } from './catalogue.ts'
import { type Clock, systemClock } from './clock.ts'
import { naturalId, newId } from './ids.ts'
import type { Log } from './log.ts'
import { News } from './news.ts'
import { Notices } from './notices.ts'
import { Performer } from './performer.ts'
import { plainError } from './persisted.ts'
import { readsOn } from './reads.ts'
import { remoteWork } from './remote.ts'
import { type Begun, Runner, systemPrincipal } from './runner.ts'
import { Timers } from './timers.ts'
import type { Cause, Outcome, TimerPayload, Turn, TurnRequest } from './turn.ts'
import type { Handlers, Reads, Receipt, SendCommand, StartCommand, Writes } from './types.ts'
import { Writer } from './writer.ts'

export interface EngineOptions {
  readonly store: Store
  readonly machines: readonly MachineDefinition[]
  readonly handlers: Handlers
  readonly signer: Signer
  readonly witness: Signer
  readonly log: Log
  readonly clock?: Clock
  readonly residents_limit?: number
  readonly queue_limit?: number
  readonly batch_limit?: number
  readonly lease_s?: number
  readonly heartbeat_ms?: number
}

export interface Engine extends Reads, Writes {
  readonly catalogue: Catalogue
  /** Names this start of the process in leases. */
  readonly holder: string
  /** Compares the data with what this process can run, then takes up work. Throws CannotServe. */
  open(): Promise<void>
  /** Finishes turns that are under way and lets go of the rest. */
  stop(): Promise<void>
  /** Stops all writes, here and on every other server, until the halt is cleared. */
  halt(reason: string, by: Principal): Promise<void>
  stats(): Readonly<
    Record<'batches' | 'turns' | 'entries' | 'heads_lost' | 'waiting_turns' | 'running_effects', number>
  >
}

/** The data and this process do not fit together; the message lists all of it. */
export class CannotServe extends Error {
  override readonly name = 'CannotServe'
}

/** What a cause carries beyond itself; the rest is stamped here. */
interface Stamp {
  readonly tenant?: string
  readonly event_id?: string
  readonly correlation_id?: string | undefined
  readonly request?: TurnRequest['request']
}

const ORCHESTRATOR = 'orchestrator'
const REFUSAL = 'refusal'
const SYSTEM_TENANT = 'system'
const HOUR_MS = 3_600_000
/** How long an outcome waits before it is offered again to a halted or unreachable system. */
const OFFER_AGAIN_MS = 1_000

export function createEngine(options: EngineOptions): Engine {
  const { store, handlers, signer, witness, log } = options
  const clock = options.clock ?? systemClock
  const lease_s = options.lease_s ?? 15
  const holder = randomUUID()
  const catalogue = catalogueOf(options.machines)
  const news = new News(clock)
  let stopping = false
  let stopped: Promise<void> | undefined
  let cancelPurge = () => {}

  const noticeOf = (topic: string) => new Notices({ tell: () => store.notify(topic), clock, log })
  const commits = noticeOf('commit')
  const aborts = noticeOf('abort')
  const writer = new Writer({
    ...{ store, signer, witness, log, lease_s },
    batch_limit: options.batch_limit ?? 500,
    committed() {
      news.arrived()
      commits.due()
    },
  })
  const runner = new Runner({
    ...{ store, handlers, holder, clock, log, lease_s, known: catalogue.known, settle },
    heartbeat_ms: options.heartbeat_ms ?? 5_000,
  })
  const timers = new Timers({ store, clock, log, known: catalogue.known, fire })
  const performer = new Performer({
    ...{ store, catalogue, handlers, writer, holder, committed },
    residents_limit: options.residents_limit ?? 10_000,
    queue_limit: options.queue_limit ?? 10_000,
    reserve: (source) => runner.reserve(source),
    release: (source) => runner.release(source),
  })
  const reads = readsOn({ store, catalogue, news, doubted: (doubt) => halt(doubt, systemPrincipal(SYSTEM_TENANT)) })

  function request(cause: Cause, by: Principal, more: Stamp = {}): TurnRequest {
    const now = clock.now()
    const event_id = more.event_id ?? newId(now)
    return {
      ...{ cause, by, event_id },
      tenant: more.tenant ?? by.tenant,
      at: new Date(now).toISOString(),
      correlation_id: more.correlation_id ?? event_id,
      request: more.request,
    }
  }

  async function start({ machine, input, by, request: key, correlation_id }: StartCommand): Promise<Receipt> {
    const definition = catalogue.newest(machine)
    const parsed = definition.input.safeParse(input)
    if (!parsed.success) throw invalid('input', parsed.error.issues)
    const cause: Cause = { kind: 'start', instance_id: newId(clock.now()), machine, input: parsed.data }
    return (await performer.perform(request(cause, by, { request: key, correlation_id }))) as Receipt
  }

  async function send({
    instance_id,
    event,
    by,
    expected_revision,
    request: key,
    correlation_id,
  }: SendCommand): Promise<Receipt> {
    const cause: Cause = { kind: 'event', instance_id, event, expected_revision }
    try {
      return (await performer.perform(request(cause, by, { request: key, correlation_id }))) as Receipt
    } catch (refusal) {
      if (refusal instanceof Refusal) await recordRefusal(refusal, instance_id, event.type, by)
      throw refusal
    }
  }

  // What governance wants to be able to count later leaves an instance of its own (D9); so does a chart that failed.
  async function recordRefusal(refusal: Refusal, target_id: string, event_type: string, by: Principal): Promise<void> {
    const target = performer.resident(target_id)
    const wanted =
      target?.tenant === by.tenant && (target.definition.records_refusals || refusal.code === 'STEP_FAILED')
    if (wanted && !UNRECORDED.has(refusal.code)) await record(refusal, { target_id, event_type, by })
  }

  async function record(
    { code, message }: Refusal,
    { target_id, event_type, by }: { target_id: string; event_type: string; by: Principal },
  ): Promise<void> {
    if (!options.machines.some(({ machine }) => machine.id === REFUSAL)) return
    const target_machine = performer.resident(target_id)?.definition.name ?? 'unknown'
    const input = { target_id, target_machine, event_type, code, message, principal_id: by.id }
    await start({ machine: REFUSAL, input, by }).catch((cause) =>
      log.error('a refusal could not be recorded', { cause, code }),
    )
  }

  // Effects that are durable now: those leased here start, those in the way of the rest are told.
  function committed(turn: Turn, debts: readonly Debt[]): void {
    for (const debt of debts) {
      if (debt.kind === 'timer') timers.expect(Date.parse(debt.due_at))
      else if (debt.leased_by === holder)
        runner.begin({
          ...debt,
          payload: JSON.parse(debt.payload),
          attempt: 1,
          delivery: 1,
        })
      else if (handlers[debt.source]?.kind === 'durable') runner.claimSoon()
    }
    const here = [
      ...turn.aborts.map((effect_id) => runner.abort(effect_id, 'abort')),
      ...turn.revoked.map((effect_id) => runner.abort(effect_id, 'cancelled')),
    ]
    if (here.includes(false)) aborts.due()
  }

  // The outcome as it came; what the chart cannot take is offered as an error, and what it cannot take even then
  // ends the instance, on record.
  async function deliver(effect: Begun, outcome: Outcome, by: Principal): Promise<void> {
    const { instance_id, child_id, effect_id, attempt, tenant } = effect
    const stamp = { tenant, event_id: newId(clock.now()) }
    const offer = (offered: Outcome) =>
      performer.perform(
        request({ kind: 'outcome', instance_id, child_id, effect_id, attempt, outcome: offered }, by, stamp),
      )
    try {
      await offer(outcome)
    } catch (refused) {
      const error = unfit(refused)
      log.error('a chart could not take an outcome', { cause: refused, instance_id, effect_id })
      await offer({ error }).catch((again) =>
        performer.perform(request({ kind: 'fault', instance_id, error: unfit(again) }, by, stamp)),
      )
    }
  }

  // Offered until it is durable or counts no longer; while the system is halted it waits (D25).
  async function settle(effect: Begun, outcome: Outcome, by: Principal): Promise<void> {
    while (!stopping) {
      try {
        return await deliver(effect, outcome, by)
      } catch (cause) {
        log.warn('an outcome waits', { cause, effect_id: effect.effect_id })
        await news.next(OFFER_AGAIN_MS, new AbortController().signal)
      }
    }
  }

  async function fire(timer: EffectRow): Promise<void> {
    const { instance_id, child_id: timer_id, effect_id, attempt, tenant } = timer
    const payload = timer.payload as TimerPayload
    const cause: Cause =
      'delivery' in payload
        ? { kind: 'sent', instance_id: payload.delivery.to, effect_id, attempt, delivery: payload.delivery }
        : { kind: 'timer', instance_id, timer_id, effect_id, attempt, ...payload }
    const by = systemPrincipal(tenant)
    try {
      await performer.perform(request(cause, by, { tenant }))
    } catch (refused) {
      const error = unfit(refused)
      const { code, fields } = refused as Refusal
      log.error('what a timer says is not taken', { cause: refused, instance_id, effect_id })
      // A chart that fails over its own timer ends on record. What others refuse is theirs to refuse: that is recorded.
      if (code === 'STEP_FAILED' && fields.instance_id === instance_id && 'to' in payload) {
        await performer.perform(request({ kind: 'fault', instance_id, error }, by, { tenant }))
      } else {
        const target_id = typeof fields.instance_id === 'string' ? fields.instance_id : cause.instance_id
        await record(refused as Refusal, { target_id, event_type: timer.source, by })
        await closeEffect(store.db, effect_id, canonical(error))
      }
    }
  }

  async function halt(reason: string, by: Principal): Promise<void> {
    log.error('the system is halted', { reason })
    const command = {
      instance_id: naturalId(ORCHESTRATOR),
      event: { type: 'halt', reason },
      by: { ...by, tenant: SYSTEM_TENANT },
    }
    await send(command).catch(async (refusal) => {
      // Somebody else's doubt was faster.
      if (!(await readHead(store.db)).halted) throw refusal
    })
  }

  async function ensureOrchestrator(): Promise<void> {
    const instance_id = naturalId(ORCHESTRATOR)
    const [row] = await instancesByIds(store.db, [instance_id])
    if (row || !options.machines.some(({ machine }) => machine.id === ORCHESTRATOR)) return
    const cause: Cause = { kind: 'start', instance_id, machine: ORCHESTRATOR, input: {} }
    await performer.perform(request(cause, systemPrincipal(SYSTEM_TENANT))).catch((refusal) => {
      // Another server starting at the same time was faster.
      if ((refusal as Refusal).code !== 'ALREADY_EXISTS') throw refusal
    })
  }

  async function purgeRegularly(): Promise<void> {
    await forgetOldRequests(store.db).catch((cause) => log.warn('old requests could not be forgotten', { cause }))
    if (!stopping) cancelPurge = clock.after(HOUR_MS, () => void purgeRegularly())
  }

  async function stop(): Promise<void> {
    stopping = true
    cancelPurge()
    runner.close()
    await writer.stop()
    await Promise.all([commits.stop(), aborts.stop()])
    await timers.stop()
    await runner.stop()
    await releaseLeases(store.db, holder).catch((cause) => log.warn('leases could not be handed back', { cause }))
    news.arrived()
  }

  return {
    ...reads,
    ...remoteWork({ store, known: catalogue.known, handlers, clock, lease_s, deliver }),
    catalogue,
    holder,
    start,
    send,
    halt,
    async open() {
      refuseUnhandled(catalogue, handlers)
      await refuseUnknown(store, catalogue, handlers)
      for (const { key_id, purpose, public_key } of [signer, witness])
        await publishKey(store.db, { key_id, purpose, public_key })
      if (store.kind === 'pglite') await freeLeases(store.db, durableSources(handlers))
      await ensureOrchestrator()
      await store.listen((topic) => {
        if (topic === 'abort') runner.beat().catch((cause) => log.warn('leases could not be read', { cause }))
        else news.arrived()
      })
      runner.open()
      timers.open()
      await purgeRegularly()
    },
    stop() {
      stopped ??= stop()
      return stopped
    },
    stats: () => ({ ...writer.stats, waiting_turns: performer.waiting, running_effects: runner.running }),
  }
}

// A chart that cannot take what it was told: a fact about the chart. All else passes, and is thrown on.
function unfit(refused: unknown): unknown {
  if (!(refused instanceof Refusal) || WAITS.has(refused.code)) throw refused
  return plainError(refused)
}

/** Passing conditions: the same outcome or timer is welcome later. */
const WAITS = new Set(['SYSTEM_HALTED', 'OVERLOADED', 'STOPPING', 'DATABASE_UNAVAILABLE', 'LEDGER_IN_DOUBT'])
/** Not the caller's doing, or nothing that was asked of the target: not worth a record. */
const UNRECORDED = new Set([...WAITS, 'INSTANCE_NOT_FOUND', 'CONCURRENT_MODIFICATION', 'IDEMPOTENCY_CONFLICT'])

function durableSources(handlers: Handlers): string[] {
  return Object.keys(handlers).filter((source) => handlers[source]?.kind === 'durable')
}

function refuseUnhandled(catalogue: Catalogue, handlers: Handlers): void {
  const missing = catalogue.sources().filter((source) => !(source in handlers))
  if (missing.length > 0)
    throw new CannotServe(`No handler does ${missing.join(', ')}: register one in src/, or declare it remote`)
}

// Instances begun with a version this process lacks would hang: it must not pretend to serve them.
async function refuseUnknown(store: Store, catalogue: Catalogue, handlers: Handlers): Promise<void> {
  const unknown = (await livingVersions(store.db)).filter(
    ({ machine, version }) => !catalogue.version(machine, version),
  )
  const unhandled = (await openSources(store.db)).filter((source) => !(source in handlers))
  const lines = [
    ...unknown.map(({ machine, version, count }) => `${count} living instances of ${machine} ${version}`),
    ...unhandled.map((source) => `open work of "${source}"`),
  ]
  if (lines.length > 0)
    throw new CannotServe(
      `This server does not know how to run what the database holds:\n${lines.map((line) => `  - ${line}`).join('\n')}`,
    )
}

function invalid(at: string, issues: readonly { path: PropertyKey[]; message: string }[]): Refusal {
  const errors = issues.map(({ path, message }) => ({ field: [at, ...path.map(String)].join('.'), message }))
  return new Refusal('INVALID_REQUEST', errors.map(({ field, message }) => `${field}: ${message}`).join('; '), {
    errors,
  })
}
