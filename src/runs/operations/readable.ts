/** Runs and approvals by id, for those who may see them: missing wins over forbidden (AC-3). */
import type { Principal } from '../../../machines/definition.ts'
import type { Catalogue } from '../../engine/catalogue.ts'
import type { InstanceView, Reads } from '../../engine/types.ts'
import { mayRead } from '../../instances/access.ts'
import type { InstanceId } from '../../instances/instance-id.ts'
import { definitionOf } from '../../instances/known-machine.ts'
import { Refusal } from '../../refusal.ts'

export interface Viewer {
  readonly catalogue: Catalogue
  readonly reads: Reads
  readonly principal: Principal
}

export async function readableRun(run_id: InstanceId, viewer: Viewer): Promise<InstanceView> {
  const run = await found('run', run_id, viewer)
  if (run === null) throw new Refusal('RUN_NOT_FOUND', `There is no run "${run_id}"`, { run_id })
  if (visible(run, viewer)) return run
  throw new Refusal('RUN_FORBIDDEN', `Run "${run_id}" belongs to somebody else`, { run_id })
}

export async function readableApproval(approval_id: string, viewer: Viewer): Promise<InstanceView> {
  const approval = await found('approval', approval_id, viewer)
  if (approval === null)
    throw new Refusal('APPROVAL_NOT_FOUND', `There is no approval "${approval_id}"`, { approval_id })
  if (visible(approval, viewer)) return approval
  throw new Refusal('PERMISSION_DENIED', `Approval "${approval_id}" is about somebody else's run`, { approval_id })
}

async function found(machine: string, id: string, { reads, principal }: Viewer): Promise<InstanceView | null> {
  const view = await reads.instance(principal.tenant, id)
  return view?.machine === machine ? view : null
}

function visible(view: InstanceView, { catalogue, principal }: Viewer): boolean {
  return mayRead(definitionOf(catalogue, view), principal, view)
}
