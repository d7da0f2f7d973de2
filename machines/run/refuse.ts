import { matchesState } from 'xstate'
import type { Asked, Reason } from '../definition.ts'
import type { RunContext } from './schema.ts'

const closed = ['judged', 'finished', 'failed', 'cancelled', { awaiting_approval: 'gate' }]

/** Why a run is not cancelled: it is somebody else's (AC-3), or it has ended or been judged already (ST-1). */
export function refuseCancellation({ value, context, event }: Asked<RunContext>): Reason | undefined {
  if (event.type !== 'run.cancelled') return undefined
  const { by } = context.moment
  if (by.id !== context.owner_id && !by.roles.includes('ADMIN')) {
    return { code: 'RUN_FORBIDDEN', message: `Run ${context.run_id} is not yours to cancel` }
  }
  if (closed.some((state) => matchesState(state, value))) {
    return { code: 'RUN_NOT_CANCELLABLE', message: `Run ${context.run_id} has been judged or has ended` }
  }
  return undefined
}
