/** What callers may ask of the run flow. */
import type { PlannerSettings } from '../../machines/run/normalise.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import { approvalOperations } from './operations/approvals.ts'
import { artifactOperations } from './operations/artifacts.ts'
import { type Policies, policyOperations } from './operations/policies.ts'
import { runOperations } from './operations/runs.ts'

export interface RunFlow {
  readonly planner: PlannerSettings
  /** Where runs keep their files. */
  readonly artifacts_root: string
  readonly policies: Policies
}

export function runFlowOperations(catalogue: Catalogue, { planner, artifacts_root, policies }: RunFlow) {
  return {
    ...runOperations({ catalogue, planner }),
    ...approvalOperations(catalogue),
    ...artifactOperations({ catalogue, root: artifacts_root }),
    ...policyOperations(policies),
  }
}
