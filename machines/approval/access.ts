import type { Access } from '../definition.ts'

/** Started by what asks for it; decided through the operations, which know who may (§13). */
export const approvalAccess: Access = {
  start: 'internal',
  read: { any: ['ADMIN'], own: { roles: ['VIEWER', 'USER'], attribute: 'owner_id' } },
  events: { approve: 'operation', reject: 'operation', cancel: 'internal' },
}
