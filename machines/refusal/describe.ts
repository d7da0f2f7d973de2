import type { Attributes } from '../definition.ts'
import type { RefusalContext } from './schema.ts'

export function describeRefusal({ input }: RefusalContext): { title: string; attributes: Attributes } {
  const { target_id, target_machine, event_type, code, principal_id } = input
  return {
    title: `${code}: ${event_type} of ${target_machine}`,
    attributes: { target_id, target_machine, event_type, code, principal_id },
  }
}
