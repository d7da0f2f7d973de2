/** The catalogue: every machine the host knows. */
import { approval } from './approval/index.ts'
import type { MachineDefinition } from './definition.ts'
import { orchestrator } from './orchestrator/index.ts'
import { refusal } from './refusal/index.ts'
import { run } from './run/index.ts'

export const catalogue: readonly MachineDefinition[] = [run, approval, refusal, orchestrator]
