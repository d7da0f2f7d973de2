/**
 * One orchestration run, from the request to its outcome:
 *
 *   load_policy → plan → execute → enforce_budget → collect → gate → judged
 *                   └ awaiting_approval.plan ┘                  └ awaiting_approval.gate
 *
 * Evidence is collected on every way that ran or could have run something, and no decision stands before it. The
 * upper-case tag of each state is the run's status as seen from outside (ST-2).
 */
import { assign, sendTo, setup } from 'xstate'
import { approvalMachine } from '../approval/machine.ts'
import type { ApprovalInput } from '../approval/schema.ts'
import { child, external, type Start } from '../definition.ts'
import { type LoadedPolicy, loadedPolicySchema } from './policy.ts'
import * as remember from './remember.ts'
import {
  type BudgetRuling,
  budgetRulingSchema,
  type Collected,
  collectedSchema,
  type GateResult,
  gateResultSchema,
  type OrchestrationInput,
  type Plan,
  planSchema,
  type RunContext,
  type RunEvent,
} from './schema.ts'
import { type ToolResult, toolResultSchema } from './tool.ts'
import * as work from './work.ts'

interface Asked {
  readonly context: RunContext
}

const output = <T>({ event }: { event: { output: T } }): T => event.output
const error = ({ event }: { event: { error: unknown } }): unknown => event.error

const isCancelled = ({ context }: Asked) => context.cancelled_by !== null
const isSettled = ({ context }: Asked) => context.settled !== null
const isDry = ({ context }: Asked) => context.input.dry_run
const asksFirst = ({ context }: Asked, plan: Plan) => plan.needs_approval?.stage === 'plan' && !context.input.dry_run
const needsHuman = (_: Asked, result: GateResult) => result.decision === 'NEED_HITL'

export const runMachine = setup({
  types: {} as {
    context: RunContext
    input: Start<OrchestrationInput>
    events: RunEvent
  },
  actors: {
    loadPolicy: external<LoadedPolicy, work.LoadPolicyInput>(loadedPolicySchema),
    planTool: external<Plan, work.PlanToolInput>(planSchema),
    executeTool: external<ToolResult, work.ExecuteToolInput>(toolResultSchema),
    enforceBudget: external<BudgetRuling, work.EnforceBudgetInput>(budgetRulingSchema),
    collectEvidence: external<Collected, work.CollectEvidenceInput>(collectedSchema),
    evaluateGate: external<GateResult, work.EvaluateGateInput>(gateResultSchema),
    approval: child<unknown, ApprovalInput>(approvalMachine),
  },
  guards: { isCancelled, isSettled, isDry, asksFirst, needsHuman },
  actions: {
    rememberPolicy: assign(remember.policy),
    rememberPlan: assign(remember.plan),
    rememberResult: assign(remember.result),
    rememberFaultOfTool: assign(remember.faultOfTool),
    rememberBudget: assign(remember.budget),
    rememberEvidence: assign(remember.evidence),
    rememberApproval: assign(remember.approval),
    rememberCancellation: assign(remember.cancellation),
    acceptRisk: assign(remember.acceptedRisk),
    denyPlan: assign(remember.deniedPlanOf),
    decideAsSettled: assign(remember.settledDecision),
    decide: assign(remember.gateDecision),
    grantOutcome: assign(remember.grantedOutcome),
    denyOutcome: assign(remember.deniedOutcome),
    fail: assign(remember.failure),
    abortTool: sendTo('executeTool', { type: 'abort' }),
    cancelApproval: sendTo('planApproval', { type: 'cancel' }),
  },
}).createMachine({
  id: 'run',
  version: '1.0.0',
  context: remember.started,
  initial: 'pending',
  states: {
    pending: {
      tags: ['PENDING', 'active'],
      always: 'load_policy',
    },
    load_policy: {
      tags: ['RUNNING', 'active'],
      invoke: {
        id: 'loadPolicy',
        src: 'loadPolicy',
        input: work.forPolicy,
        onDone: { target: 'plan', actions: { type: 'rememberPolicy', params: output } },
        onError: { target: 'failed', actions: { type: 'fail', params: { error_code: 'POLICY_UNAVAILABLE' } } },
      },
      on: { 'run.cancelled': { actions: 'rememberCancellation' } },
    },
    plan: {
      tags: ['RUNNING', 'active'],
      invoke: {
        id: 'planTool',
        src: 'planTool',
        input: work.forPlan,
        onDone: [
          { guard: 'isCancelled', target: 'collect', actions: { type: 'rememberPlan', params: output } },
          {
            guard: { type: 'asksFirst', params: output },
            target: 'awaiting_approval.plan',
            actions: { type: 'rememberPlan', params: output },
          },
          { target: 'execute', actions: { type: 'rememberPlan', params: output } },
        ],
        onError: { target: 'failed', actions: { type: 'fail', params: { error_code: 'PLAN_UNAVAILABLE' } } },
      },
      on: { 'run.cancelled': { actions: 'rememberCancellation' } },
    },
    awaiting_approval: {
      initial: 'plan',
      on: { 'approval.created': { actions: 'rememberApproval' } },
      states: {
        plan: {
          tags: ['RUNNING', 'active', 'waiting_for_human'],
          invoke: {
            id: 'planApproval',
            src: 'approval',
            input: work.forPlanApproval,
            onError: {
              target: '#run.failed',
              actions: { type: 'fail', params: { error_code: 'APPROVAL_UNAVAILABLE' } },
            },
          },
          on: {
            'approval.approved': { target: '#run.execute', actions: 'acceptRisk' },
            'approval.rejected': {
              target: '#run.collect',
              actions: { type: 'denyPlan', params: { rule: 'hitl_rejected' } },
            },
            'approval.expired': {
              target: '#run.collect',
              actions: { type: 'denyPlan', params: { rule: 'hitl_expired' } },
            },
            'run.cancelled': { actions: ['rememberCancellation', 'cancelApproval'] },
            'approval.cancelled': '#run.collect',
          },
        },
        gate: {
          tags: ['JUDGED', 'waiting_for_human'],
          invoke: {
            id: 'gateApproval',
            src: 'approval',
            input: work.forGateApproval,
            onError: {
              target: '#run.failed',
              actions: { type: 'fail', params: { error_code: 'APPROVAL_UNAVAILABLE' } },
            },
          },
          on: {
            'approval.approved': { target: '#run.judged', actions: 'grantOutcome' },
            'approval.rejected': {
              target: '#run.judged',
              actions: { type: 'denyOutcome', params: { rule: 'hitl_rejected' } },
            },
            'approval.expired': {
              target: '#run.judged',
              actions: { type: 'denyOutcome', params: { rule: 'hitl_expired' } },
            },
          },
        },
      },
    },
    execute: {
      tags: ['RUNNING', 'active'],
      invoke: {
        id: 'executeTool',
        src: 'executeTool',
        input: work.forExecution,
        onDone: { target: 'enforce_budget', actions: { type: 'rememberResult', params: output } },
        onError: { target: 'enforce_budget', actions: { type: 'rememberFaultOfTool', params: error } },
      },
      on: { 'run.cancelled': { actions: ['rememberCancellation', 'abortTool'] } },
    },
    enforce_budget: {
      tags: ['RUNNING', 'active'],
      invoke: {
        id: 'enforceBudget',
        src: 'enforceBudget',
        input: work.forBudget,
        onDone: { target: 'collect', actions: { type: 'rememberBudget', params: output } },
        onError: { target: 'failed', actions: { type: 'fail', params: { error_code: 'BUDGET_UNAVAILABLE' } } },
      },
      on: { 'run.cancelled': { actions: 'rememberCancellation' } },
    },
    collect: {
      tags: ['RUNNING', 'active'],
      invoke: {
        id: 'collectEvidence',
        src: 'collectEvidence',
        input: work.forEvidence,
        onDone: [
          { guard: 'isCancelled', target: 'cancelled', actions: { type: 'rememberEvidence', params: output } },
          {
            guard: 'isSettled',
            target: 'judged',
            actions: [{ type: 'rememberEvidence', params: output }, 'decideAsSettled'],
          },
          { guard: 'isDry', target: 'finished', actions: { type: 'rememberEvidence', params: output } },
          { target: 'gate', actions: { type: 'rememberEvidence', params: output } },
        ],
        onError: { target: 'failed', actions: { type: 'fail', params: { error_code: 'EVIDENCE_UNAVAILABLE' } } },
      },
      on: { 'run.cancelled': { actions: 'rememberCancellation' } },
    },
    gate: {
      tags: ['RUNNING', 'active'],
      invoke: {
        id: 'evaluateGate',
        src: 'evaluateGate',
        input: work.forGate,
        onDone: [
          {
            guard: { type: 'needsHuman', params: output },
            target: 'awaiting_approval.gate',
            actions: { type: 'decide', params: output },
          },
          { target: 'judged', actions: { type: 'decide', params: output } },
        ],
        onError: { target: 'failed', actions: { type: 'fail', params: { error_code: 'GATE_UNAVAILABLE' } } },
      },
      on: { 'run.cancelled': { target: 'cancelled', actions: 'rememberCancellation' } },
    },
    judged: { tags: 'JUDGED', type: 'final' },
    finished: { tags: 'FINISHED', type: 'final' },
    failed: { tags: 'FAILED', type: 'final' },
    cancelled: { tags: 'CANCELLED', type: 'final' },
  },
})
