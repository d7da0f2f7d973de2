/** The cases of every machine, by its name. */
import type { Cases } from '../cases.ts'
import { approvalCases } from './approval.ts'
import { counterCases } from './counter.ts'
import { orchestratorCases } from './orchestrator.ts'
import { orderCases } from './order.ts'
import { parcelCases } from './parcel.ts'
import { refusalCases } from './refusal.ts'
import { relayCases } from './relay.ts'
import { runCases } from './run.ts'

const all: Readonly<Record<string, Cases>> = {
  approval: approvalCases,
  counter: counterCases,
  orchestrator: orchestratorCases,
  order: orderCases,
  parcel: parcelCases,
  refusal: refusalCases,
  relay: relayCases,
  run: runCases,
}

/** A machine without cases begins nowhere. */
export function casesFor(machine: string): Cases {
  return all[machine] ?? { starts: {} }
}
