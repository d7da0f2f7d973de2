/** Whole runs of five pieces of work one after another, as durable work and within the turn. */
import type { Store } from '../../src/store/store.ts'
import { pipelineDefinition, pipelineHandlers } from '../examples/pipeline.ts'
import { alice, engineOn } from '../support/engine.ts'
import type { Ground } from './ground.ts'
import { type Heading, measured, type Row } from './measure.ts'
import { note } from './note.ts'
import { onPGlite, onPostgres } from './places.ts'
import { watched } from './watched.ts'

/** A start and five outcomes. */
const STEPS = 6

export async function runs({ url, log }: Ground): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const kind of ['durable', 'inline'] as const) {
    for (const concurrency of [1, 64]) {
      const heading = { what: `${kind} runs, postgres`, concurrency, log }
      rows.push(await onPostgres(url, (store) => runsOn(store, kind, heading)))
    }
  }
  const heading = { what: 'durable runs, pglite', concurrency: 64 }
  return [...rows, await onPGlite((store) => runsOn(store, 'durable', heading))]
}

async function runsOn(plain: Store, kind: 'durable' | 'inline', heading: Heading): Promise<Row> {
  const store = watched(plain)
  const engine = engineOn(store, [pipelineDefinition], { handlers: pipelineHandlers(kind) })
  await engine.open()
  const row = await measured({
    ...heading,
    steps: STEPS,
    async work() {
      const { instance_id } = await engine.start({ machine: 'pipeline', input: { note }, by: alice })
      await store.ended(instance_id)
    },
  })
  await engine.stop()
  return row
}
