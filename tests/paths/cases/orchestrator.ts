/** The one orchestrator of a system, which is there as soon as the system is open. */
import type { Principal } from '../../../machines/definition.ts'
import { naturalId } from '../../../src/engine/ids.ts'
import type { Cases } from '../cases.ts'

const keeper: Principal = { id: 'keeper', kind: 'person', tenant: 'system', roles: ['keeper'] }

export const orchestratorCases: Cases = {
  starts: { 'the system runs': { input: {}, by: keeper, standing: naturalId('orchestrator') } },
  says: { halt: [{ reason: 'somebody doubts the record' }] },
}
