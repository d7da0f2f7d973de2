import type { Attributes } from '../definition.ts'
import type { OrchestratorContext } from './schema.ts'

export function describeOrchestrator({ halt_reason }: OrchestratorContext): { title: string; attributes: Attributes } {
  return { title: halt_reason === null ? 'Orchestrator' : `Halted: ${halt_reason}`, attributes: { halt_reason } }
}
