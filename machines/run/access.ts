import type { Access } from '../definition.ts'

/** §13. A run is started by its operation, which normalises the request; `refuse.ts` adds that only its owner may cancel it. */
export const runAccess: Access = {
  start: 'operation',
  read: { any: ['ADMIN'], own: { roles: ['VIEWER', 'USER'], attribute: 'owner_id' } },
  events: {
    'run.cancelled': ['USER', 'ADMIN'],
    'approval.created': 'internal',
    'approval.approved': 'internal',
    'approval.rejected': 'internal',
    'approval.expired': 'internal',
    'approval.cancelled': 'internal',
  },
}
