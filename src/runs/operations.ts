/** What callers may ask of the run flow. */
import type { PlannerSettings } from '../../machines/run/normalise.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import { approvalOperations } from './operations/approvals.ts'
import { artifactOperations } from './operations/artifacts.ts'
import { dashboardOperations } from './operations/dashboard.ts'
import { historyOperations } from './operations/history.ts'
import { type Policies, policyOperations } from './operations/policies.ts'
import { runOperations } from './operations/runs.ts'
import { toolOperations } from './operations/tools.ts'

export interface RunFlow {
  readonly planner: PlannerSettings
  /** Where runs keep their files. */
  readonly artifacts_root: string
  readonly policies: Policies
  /** AU-6. */
  readonly audit_enabled: boolean
}

export function runFlowOperations(catalogue: Catalogue, { planner, artifacts_root, policies, audit_enabled }: RunFlow) {
  return {
    ...runOperations({ catalogue, planner, audit_enabled }),
    ...approvalOperations(catalogue),
    ...artifactOperations({ catalogue, root: artifacts_root }),
    ...policyOperations(policies),
    ...toolOperations(policies.file),
    ...dashboardOperations({ catalogue }),
    ...historyOperations({ catalogue, audit_enabled }),
  }
}
