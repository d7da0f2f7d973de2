import { type Access, roles } from '../definition.ts'

/** Begun with the system itself; halted and cleared only through the operations that ask for the proper ceremony. */
export const orchestratorAccess: Access = {
  start: 'internal',
  read: { any: roles },
  events: { halt: 'operation', 'halt.cleared': 'operation' },
}
