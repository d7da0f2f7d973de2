/**
 * What a machine folder hands to the catalogue: its chart, the schemas of what may be said to it, who may say it,
 * and the pure answers (title, attributes, reasons of refusal) the host asks for.
 */
import { type AnyActorRef, type AnyStateMachine, fromPromise, type PromiseActorLogic, type StateValue } from 'xstate'
import { z } from 'zod'

export const roles = [
  'VIEWER',
  'USER',
  'ADMIN',
  'founder',
  'operator',
  'customer',
  'integration',
  'executor',
  'auditor',
  'keeper',
] as const
export type Role = (typeof roles)[number]

/** Who acts. It rests in `by` of every journal entry and travels with every event. */
export const principalSchema = z.strictObject({
  id: z.string().min(1).max(200),
  kind: z.enum(['person', 'service', 'branch', 'system']),
  tenant: z.string().min(1).max(100),
  roles: z.array(z.enum(roles)).readonly(),
})
export type Principal = z.infer<typeof principalSchema>

/** When a step happened (UTC, ISO 8601), who caused it, and the id of the event. The only clock and chance a chart may read. */
export const momentSchema = z.strictObject({ at: z.iso.datetime(), by: principalSchema, id: z.uuid() })
export type Moment = z.infer<typeof momentSchema>

/**
 * What the host gives a new instance: `context: ({ input: start }) => ({ ...start, … })` puts both where the host
 * expects them. `context.input` is stored once beside the snapshot; `context.moment` is renewed before each step.
 */
export interface Start<Input> {
  readonly input: Input
  readonly moment: Moment
}

/** Who may do something: roles over HTTP, only an operation of a flow, or only another machine or the engine. */
export type Admission = readonly Role[] | 'operation' | 'internal'

export interface Access {
  readonly start: Admission
  readonly read: {
    /** These roles read every instance of the tenant. */
    readonly any: readonly Role[]
    /** These read only instances whose attribute holds their principal id. */
    readonly own?: { readonly roles: readonly Role[]; readonly attribute: string }
  }
  readonly events: Readonly<Record<string, Admission>>
}

export type Attributes = Readonly<Record<string, string | number | boolean | null>>

/** Why an event is refused: a stable code, a sentence, and the fields a spec asks for. */
export interface Reason {
  readonly code: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** What a rule of refusal is told: the state before the step, with `context.moment` already that of the event. */
export interface Asked<Context = Record<string, unknown>> {
  readonly value: StateValue
  readonly context: Context
  readonly event: { readonly type: string } & Readonly<Record<string, unknown>>
}

export interface MachineDefinition {
  /** `machine.id` is the name, `machine.version` the version. */
  readonly machine: AnyStateMachine
  readonly input: z.ZodType
  /** Must hold `input` and `moment`. */
  readonly context: z.ZodObject
  /** Every event a caller or another machine may send, by type; the schema holds the whole event, `type` included. */
  readonly events: Readonly<Record<string, z.ZodType>>
  readonly output?: z.ZodType
  readonly access: Access
  /** Title and searchable attributes; asked after every step. */
  // biome-ignore lint/suspicious/noExplicitAny: each machine describes its own context
  readonly describe: (context: any) => { readonly title: string; readonly attributes: Attributes }
  /** Asked before every step (D20): a reason refuses the event, undefined lets the chart decide. */
  // biome-ignore lint/suspicious/noExplicitAny: each machine knows its own context
  readonly refuse?: (asked: Asked<any>) => Reason | undefined
  /** Refused events leave an instance of machine `refusal` (governance asks for it). */
  readonly records_refusals?: boolean
}

const WORK = Symbol.for('chancery.work')

interface Work {
  readonly [WORK]:
    | { readonly kind: 'effect'; readonly output: z.ZodType }
    | { readonly kind: 'machine'; readonly machine: AnyStateMachine }
}

/** Work outside the chart: a handler of the host does it, and its outcome must fit the schema. */
export function external<Output, Input>(output: z.ZodType<Output>): PromiseActorLogic<Output, Input & object> {
  return marked<Output, Input>({ kind: 'effect', output })
}

/** A child machine: its own durable instance, stepped and committed together with its parent. */
export function child<Output, Input>(machine: AnyStateMachine): PromiseActorLogic<Output, Input & object> {
  return marked<Output, Input>({ kind: 'machine', machine })
}

/** What an actor logic stands for, or undefined when it was made neither by `external` nor by `child`. */
export function workOf(logic: unknown): Work[typeof WORK] | undefined {
  return typeof logic === 'object' && logic !== null ? (logic as Partial<Work>)[WORK] : undefined
}

function marked<Output, Input>(work: Work[typeof WORK]): PromiseActorLogic<Output, Input & object> {
  const logic = fromPromise<Output, Input & object>(() => Promise.reject(new Error('Only the host runs this work')))
  return Object.assign(logic, { [WORK]: work })
}

const ADDRESS = Symbol.for('chancery.address')

/** Another instance as the target of `sendTo`: `sendTo(({ context }) => addressed(context.owner_id), …)`. */
export function addressed(instance_id: string): AnyActorRef {
  return { id: instance_id, sessionId: instance_id, [ADDRESS]: instance_id, send: () => {} } as unknown as AnyActorRef
}

/** The instance a target stands for, when `addressed` made it. */
export function addressOf(target: unknown): string | undefined {
  return typeof target === 'object' && target !== null ? (target as { [ADDRESS]?: string })[ADDRESS] : undefined
}

/** `sendTo(target, event, optional)`: it does not matter when the target's state does not take the event (D21). */
export const optional = { id: 'optional' } as const
