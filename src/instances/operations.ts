/** What callers may ask of any machine, and of the server itself. */
import type { Catalogue } from '../engine/catalogue.ts'
import { effectOperations } from './effects.ts'
import { eventOperations } from './events.ts'
import { instanceOperations } from './instances.ts'
import { journalOperations } from './journal.ts'
import { machineOperations } from './machines.ts'
import { type Service, serviceOperations } from './service.ts'
import { verificationOperations } from './verification.ts'

export function genericOperations(catalogue: Catalogue, service: Service) {
  return {
    ...machineOperations(catalogue),
    ...instanceOperations(catalogue),
    ...eventOperations(catalogue),
    ...journalOperations(catalogue),
    ...verificationOperations(catalogue),
    ...effectOperations(),
    ...serviceOperations(service),
  }
}
