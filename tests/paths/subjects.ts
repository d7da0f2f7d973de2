/** The machines whose paths are generated: the whole catalogue, and the examples the engine is tested with. */
import { catalogue } from '../../machines/index.ts'
import { counterDefinition } from '../examples/counter.ts'
import { orderDefinition, parcelDefinition } from '../examples/order.ts'
import { relayDefinition } from '../examples/relay.ts'
import { casesFor } from './cases/index.ts'
import { type Coverage, coverageOf } from './cover.ts'
import { stageOf } from './stage.ts'

const subjects = [...catalogue, parcelDefinition, orderDefinition, counterDefinition, relayDefinition]

/** Worked out once per process. */
export function coverages(): readonly Coverage[] {
  known ??= subjects.map((subject) => coverageOf(stageOf(subject, { casesFor, others: subjects })))
  return known
}

let known: readonly Coverage[] | undefined

/** For suites that play every path of every machine. */
export function pathsByMachine() {
  return coverages().map(({ stage, paths }) => ({ machine: stage.subject.machine.id, stage, paths }))
}
