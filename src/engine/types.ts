/** What the engine promises its callers: the shapes of an instance, a journal entry, and the calls that read and write. */
import type { StateValue } from 'xstate'
import type { Principal } from '../../machines/definition.ts'

export type InstanceStatus = 'active' | 'done' | 'error' | 'stopped'

export interface ChildView {
  readonly kind: 'effect' | 'machine'
  readonly source: string
  /** The effect id or the child's instance id. */
  readonly id: string
}

/** An instance as a caller sees it after some step. */
export interface InstanceView {
  readonly instance_id: string
  readonly tenant: string
  readonly machine: string
  readonly version: string
  readonly status: InstanceStatus
  readonly state: StateValue
  readonly tags: readonly string[]
  readonly title: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly revision: number
  readonly context: Readonly<Record<string, unknown>>
  readonly output?: unknown
  readonly error?: unknown
  readonly children: Readonly<Record<string, ChildView>>
  readonly parent_id: string | null
  readonly entered_state_at: string
  readonly created_at: string
  readonly updated_at: string
}

/** An instance in a list: without its context. */
export type InstanceSummary = Omit<InstanceView, 'context' | 'children' | 'output' | 'error'>

export interface JournalEntry {
  readonly sequence: number
  readonly instance_id: string
  readonly machine: string
  readonly version: string
  readonly revision: number
  readonly event_id: string
  /** Null once redacted. */
  readonly event: { readonly type: string } | null
  readonly by: Principal
  readonly at: string
  readonly state_before: string
  readonly state_after: string
  /** Transitions that fired, in order, as `source --event--> target`. */
  readonly fired: readonly string[]
  /** Sends of this step to instances that had already finished, as `event -> instance id`; absent when there were none. */
  readonly dropped?: readonly string[]
  readonly snapshot_hash: string
  readonly event_hash: string
  readonly correlation_id: string
  readonly prev_hash: string
  readonly hash: string
  readonly redacted_by: string | null
  readonly redacted_at: string | null
}

export interface Receipt {
  readonly instance_id: string
  readonly revision: number
  /** True when the answer is that of an earlier request with the same idempotency key. */
  readonly repeated: boolean
}

export interface RequestKey {
  /** `Idempotency-Key` as the caller wrote it. */
  readonly key: string
  /** The operation it was given to; scope is (tenant, principal, operation) (D34). */
  readonly operation: string
  /** Of the body, so that the same key with another body is found out. */
  readonly body_hash: string
}

export interface StartCommand {
  readonly machine: string
  readonly input: unknown
  readonly by: Principal
  readonly request?: RequestKey | undefined
  readonly correlation_id?: string | undefined
}

export interface SendCommand {
  readonly instance_id: string
  readonly event: { readonly type: string } & Readonly<Record<string, unknown>>
  readonly by: Principal
  /** From `If-Match`: refuse with CONCURRENT_MODIFICATION on any other revision. */
  readonly expected_revision?: number | undefined
  readonly request?: RequestKey | undefined
  readonly correlation_id?: string | undefined
}

/** What figures over many instances are made of. */
export type InstanceOutline = Pick<
  InstanceView,
  'instance_id' | 'status' | 'tags' | 'attributes' | 'created_at' | 'updated_at'
>

export interface ListFilter {
  readonly tenant: string
  readonly machines?: readonly string[] | undefined
  /** Any dotted state path or a prefix of one. */
  readonly state?: string | undefined
  readonly status?: InstanceStatus | undefined
  readonly tag?: string | undefined
  readonly parent_id?: string | undefined
  /** Matches title and attribute values, case-insensitively. */
  readonly q?: string | undefined
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** The last id of the page before; newest first. */
  readonly after?: string | undefined
  readonly limit: number
  readonly offset?: number | undefined
}

export interface VerifyResult {
  readonly valid: boolean
  readonly entries: number
  readonly seals: number
  /** First doubt found, or null (D38). */
  readonly broken_at: {
    readonly sequence: number | null
    readonly instance_id: string | null
    readonly check: string
    readonly expected: string | null
    readonly actual: string | null
  } | null
  /** Present when entries were redacted, so that replay could not be checked there (D11). */
  readonly redacted?: readonly { readonly instance_id: string; readonly revision: number; readonly by: string }[]
}

export interface JournalFilter {
  readonly tenant: string
  readonly after: number
  readonly limit: number
  readonly machines?: readonly string[] | undefined
  readonly instance_id?: string | undefined
}

/** What an operation of mode READ is given. Everything is scoped by tenant; a foreign id reads as absent (null). */
export interface Reads {
  instance(tenant: string, instance_id: string): Promise<InstanceView | null>
  /** The instance as it was after the given revision, by replay; null when there is no such revision. */
  instanceAt(tenant: string, instance_id: string, revision: number): Promise<InstanceView | null>
  list(filter: ListFilter): Promise<readonly InstanceSummary[]>
  /** Contexts included: for flow pages that show more than a summary. */
  listViews(filter: ListFilter): Promise<readonly InstanceView[]>
  /** All that were created then or later, newest first. */
  outlines(
    filter: Omit<ListFilter, 'limit' | 'after' | 'offset'> & { readonly since: Date },
  ): Promise<readonly InstanceOutline[]>
  count(filter: Omit<ListFilter, 'limit' | 'after' | 'offset'>): Promise<number>
  /** One instance's entries, oldest first, from the given revision on. */
  journal(tenant: string, instance_id: string, from_revision: number, limit: number): Promise<readonly JournalEntry[]>
  /** Entries of all instances in order of sequence. */
  entries(filter: JournalFilter): Promise<readonly JournalEntry[]>
  verifyInstance(tenant: string, instance_id: string): Promise<VerifyResult | null>
  verifyChain(): Promise<VerifyResult>
  head(): Promise<{
    readonly number: number
    readonly next_sequence: number
    readonly hash: string
    readonly halted: boolean
    readonly halt_reason: string | null
  }>
  /** Resolves when something was committed since the call before, or after `timeout_ms` at the latest. */
  nextCommit(timeout_ms: number, signal: AbortSignal): Promise<void>
  /** Event types the instance would take now, given what its guards answer without a payload. */
  accepts(view: InstanceView): readonly string[]
}

/** What an operation of mode OWNS_COMMIT is given on top. */
export interface Writes {
  start(command: StartCommand): Promise<Receipt>
  send(command: SendCommand): Promise<Receipt>
  /** Remote executors (D23). */
  claim(request: {
    readonly executor: Principal
    readonly sources: readonly string[]
    readonly limit: number
  }): Promise<readonly ClaimedEffect[]>
  heartbeat(request: {
    readonly executor: Principal
    readonly effect_id: string
    readonly attempt: number
  }): Promise<{ readonly abort: boolean }>
  complete(request: {
    readonly executor: Principal
    readonly effect_id: string
    readonly attempt: number
    readonly output: unknown
  }): Promise<void>
  fail(request: {
    readonly executor: Principal
    readonly effect_id: string
    readonly attempt: number
    readonly message: string
    readonly terminal: boolean
  }): Promise<void>
}

interface ClaimedEffect {
  readonly effect_id: string
  readonly instance_id: string
  readonly source: string
  readonly input: unknown
  readonly attempt: number
  readonly delivery: number
  readonly leased_until: string
}

/** What a handler is told besides its input. */
export interface HandlerContext {
  /** Stable over attempts and deliveries: pass it on as the idempotency key. */
  readonly effect_id: string
  readonly instance_id: string
  readonly tenant: string
  readonly attempt: number
  /** How often this attempt was handed out; > 1 after its process died. */
  readonly delivery: number
  /** Aborted when the effect is cancelled, asked to stop (D22), or taken over. `signal.reason` says which. */
  readonly signal: AbortSignal
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void
}

/** Code that does an effect. What it throws is retried by its policy, unless it is `Terminal`. */
export type Handler<Input = never, Output = unknown> = (input: Input, context: HandlerContext) => Promise<Output>

/** A pure, short computation run within the turn; it must touch nothing outside. */
type InlineHandler<Input = never, Output = unknown> = (input: Input) => Output

export interface RetryPolicy {
  readonly max_attempts: number
  readonly backoff_ms: number
  readonly factor: number
  readonly max_backoff_ms: number
}

export type HandlerRegistration =
  | { readonly kind: 'durable'; readonly run: Handler; readonly concurrency?: number; readonly retry?: RetryPolicy }
  | { readonly kind: 'inline'; readonly run: InlineHandler }
  /** Done by remote executors over HTTP; never leased at insert. */
  | { readonly kind: 'remote'; readonly retry?: RetryPolicy }

/** By source name: the `src` of an invoke, prefixed by its machine: `run.executeTool`. */
export type Handlers = Readonly<Record<string, HandlerRegistration>>

/** Thrown by a handler when trying again cannot help: the outcome is an error at once. */
export class Terminal extends Error {
  override readonly name = 'Terminal'
}
