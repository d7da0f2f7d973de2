/** Every operation by name. What is not in here cannot be asked for. */
import type { Catalogue } from './engine/catalogue.ts'
import { genericOperations } from './instances/operations.ts'
import type { Service } from './instances/service.ts'
import type { Operation } from './operation.ts'
import type { KeyRing } from './principals/key-ring.ts'
import { keyOperations } from './principals/operations.ts'
import { type RunFlow, runFlowOperations } from './runs/operations.ts'

export interface OperationParts {
  readonly catalogue: Catalogue
  readonly keys: KeyRing
  readonly service: Service
  readonly runs: RunFlow
}

export function operations({ catalogue, keys, service, runs }: OperationParts): Readonly<Record<string, Operation>> {
  return {
    ...genericOperations(catalogue, service),
    ...keyOperations(keys),
    ...runFlowOperations(catalogue, runs),
  }
}
