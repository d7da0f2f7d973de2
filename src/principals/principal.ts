/** The principals nobody has to prove: who works at this very machine, and who did not say who they are. */
import { type Principal, roles } from '../../machines/definition.ts'

export const DEFAULT_TENANT = 'default'

/** Whoever reaches a server that listens on loopback only and has no keys yet (D29). */
export const operatorLocal: Principal = { id: 'operator:local', kind: 'person', tenant: DEFAULT_TENANT, roles }

/** Who asks an operation that is open to anyone. */
export const nobody: Principal = { id: 'nobody', kind: 'system', tenant: DEFAULT_TENANT, roles: [] }
