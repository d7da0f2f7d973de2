/** Which roles hold which permission of the flow. Whose run it is, is asked besides. */
import type { Role } from '../../../machines/definition.ts'

export const mayRead: readonly Role[] = ['VIEWER', 'USER', 'ADMIN']
export const mayRun: readonly Role[] = ['USER', 'ADMIN']
export const mayDecide: readonly Role[] = ['ADMIN']
export const mayAudit: readonly Role[] = ['ADMIN']
export const mayConfigure: readonly Role[] = ['ADMIN']
