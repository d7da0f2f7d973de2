import type { Access } from '../definition.ts'

export const refusalAccess: Access = {
  start: 'internal',
  read: { any: ['ADMIN', 'auditor'], own: { roles: ['VIEWER', 'USER'], attribute: 'principal_id' } },
  events: {},
}
