/** Runs: start one, wait for it or not, list them, look at one, cancel it. */
import { z } from 'zod'
import { normalised, type PlannerSettings } from '../../../machines/run/normalise.ts'
import { decisionSchema, orchestrationRequestSchema, outcomeSchema } from '../../../machines/run/schema.ts'
import { runStatusSchema } from '../../../machines/run/status.ts'
import type { Catalogue } from '../../engine/catalogue.ts'
import type { InstanceView, Reads, Writes } from '../../engine/types.ts'
import { readableMachines } from '../../instances/access.ts'
import { instanceId } from '../../instances/instance-id.ts'
import { type Context, json, ok, operation } from '../../operation.ts'
import { Refusal } from '../../refusal.ts'
import { compared, comparison } from '../comparison.ts'
import { auditOf } from '../history/audit.ts'
import { approvalOf } from './approval-view.ts'
import { given } from './given.ts'
import { stepsOf } from './history.ts'
import { mayAudit, mayRead, mayRun } from './may.ts'
import { readableApproval, readableRun } from './readable.ts'
import { contextOf, detailOf, isSettled, listItemOf, resultOf, runDetail, runListItem, runResult } from './run-views.ts'

const path = z.strictObject({ run_id: instanceId })

/** A notification can be lost, so whoever waits looks for himself at least this often. */
const POLL_MS = 500

const filter = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  offset: z.coerce.number().int().min(0).default(0),
  decision: decisionSchema.optional(),
  status: runStatusSchema.optional(),
  outcome: outcomeSchema.optional(),
  tool: z.string().max(100).optional(),
})

export interface RunParts {
  readonly catalogue: Catalogue
  readonly planner: PlannerSettings
  readonly audit_enabled: boolean
}

export function runOperations({ catalogue, planner, audit_enabled }: RunParts) {
  return {
    'run.start_and_wait': operation({
      summary: 'Start a run and wait until it has ended or a human must decide; after `wait_s` it goes on by itself.',
      roles: mayRun,
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: {
        method: 'post',
        path: '/orchestrations/run',
        answer: json(runResult),
        also: { 202: 'Still running: look at links.self_url' },
      },
      params: {
        query: z.strictObject({ wait_s: z.coerce.number().min(0).max(300).default(60) }),
        body: orchestrationRequestSchema,
      },
      async execute(context) {
        const run_id = await started(context)
        const wait_s = context.respond_async ? 0 : context.params.query.wait_s
        const deadline = AbortSignal.timeout(wait_s * 1000)
        const run = await settled(run_id, context, AbortSignal.any([deadline, context.signal]))
        return ok(resultOf(run), { ...locationOf(run), status: isSettled(run) ? 200 : 202 })
      },
    }),

    'run.start': operation({
      summary: 'Start a run.',
      roles: mayRun,
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: '/orchestrations/runs', answer: json(runResult, 202) },
      params: { body: orchestrationRequestSchema },
      async execute(context) {
        const run = await current(await started(context), context)
        return ok(resultOf(run), locationOf(run))
      },
    }),

    'run.list': operation({
      summary: "Runs, newest first: an administrator's list holds everybody's.",
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/orchestrations/runs',
        answer: json(z.object({ runs: z.array(runListItem), count: z.int(), total: z.int() })),
      },
      params: { query: filter },
      async execute({ params: { query }, principal, reads }) {
        const { limit, offset, status, tool, ...decided } = query
        const [readable] = readableMachines(catalogue, principal, ['run'])
        if (readable === undefined) return ok({ runs: [], count: 0, total: 0 })
        const wanted = {
          tenant: principal.tenant,
          machines: readable.machines,
          // A state carries its status as a tag.
          tag: status,
          attributes: { ...given({ ...decided, tool_name: tool }), ...readable.attributes },
        }
        const [found, total] = await Promise.all([reads.list({ ...wanted, limit, offset }), reads.count(wanted)])
        const runs = found.map(listItemOf)
        return ok({ runs, count: runs.length, total })
      },
    }),

    'run.read': operation({
      summary: 'Everything known about a run.',
      roles: mayRead,
      cross_domain_deps: ['approval'],
      transaction: 'READ',
      http: { method: 'get', path: '/orchestrations/runs/{run_id}', answer: json(runDetail) },
      params: { path },
      async execute({ params, principal, reads }) {
        const viewer = { catalogue, reads, principal }
        const run = await readableRun(params.path.run_id, viewer)
        const { approval_id } = contextOf(run)
        const approval = approval_id === null ? null : approvalOf(await readableApproval(approval_id, viewer))
        const audit = audit_enabled ? auditOf(run, await stepsOf(run, reads)) : []
        const mayAuditToo = principal.roles.some((role) => mayAudit.includes(role))
        return ok(detailOf(run, { approval, audit, mayAudit: mayAuditToo }), { revision: run.revision })
      },
    }),

    'run.compare': operation({
      summary: 'What changed from one run to another: tests, time, decision, and what may explain it.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'READ',
      http: {
        method: 'get',
        path: '/orchestrations/runs/{run_id}/compare/{other_id}',
        answer: json(comparison),
      },
      params: { path: path.extend({ other_id: instanceId }) },
      async execute({ params: { path }, principal, reads }) {
        const viewer = { catalogue, reads, principal }
        const [before, after] = [await readableRun(path.run_id, viewer), await readableRun(path.other_id, viewer)]
        return ok(compared(contextOf(before), contextOf(after)))
      },
    }),

    'run.cancel': operation({
      summary: 'Stop a run; what it did until then is still collected as evidence.',
      roles: mayRun,
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: '/orchestrations/runs/{run_id}/cancel', answer: json(runResult, 202) },
      params: { path, body: z.strictObject({}).optional() },
      async execute(context) {
        const { params, principal, reads, writes, request, expected_revision, correlation_id } = context
        const { run_id } = params.path
        await readableRun(run_id, { catalogue, reads, principal })
        const event = { type: 'run.cancelled' }
        await writes.send({ instance_id: run_id, event, by: principal, request, expected_revision, correlation_id })
        const run = await current(run_id, context)
        return ok(resultOf(run), { revision: run.revision })
      },
    }),
  }

  type StartContext = Context<{ readonly body: z.output<typeof orchestrationRequestSchema> }> & {
    readonly writes: Writes
  }

  async function started({
    params: { body },
    principal,
    writes,
    request,
    correlation_id,
  }: StartContext): Promise<string> {
    if (body.environment_id !== null) {
      throw new Refusal('ENVIRONMENT_NOT_FOUND', `There is no environment "${body.environment_id}"`)
    }
    const input = normalised(body, planner)
    const receipt = await writes.start({ machine: 'run', input, by: principal, request, correlation_id })
    return receipt.instance_id
  }
}

type ReadContext = Pick<Context<unknown>, 'principal'> & { readonly reads: Reads }

async function current(run_id: string, { reads, principal }: ReadContext): Promise<InstanceView> {
  const run = await reads.instance(principal.tenant, run_id)
  if (run === null) throw new Error(`Run "${run_id}" was started and is not there`)
  return run
}

async function settled(run_id: string, context: ReadContext, enough: AbortSignal): Promise<InstanceView> {
  let run = await current(run_id, context)
  while (!isSettled(run) && !enough.aborted) {
    await context.reads.nextCommit(POLL_MS, enough)
    run = await current(run_id, context)
  }
  return run
}

function locationOf({ instance_id }: InstanceView) {
  return { location: `/orchestrations/runs/${instance_id}` }
}
