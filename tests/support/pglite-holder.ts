/** A process of its own that opens a PGlite data directory, runs orders on it, and says what was acknowledged. */
import { openPGlite } from '../../src/store/pglite.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { alice, engineOn } from './engine.ts'

const [folder = ''] = process.argv.slice(2)
const store = await openPGlite(folder)
const engine = engineOn(store, [parcelDefinition, orderDefinition], { handlers: orderHandlers() })
await engine.open()
const { instance_id } = await engine.start({ machine: 'order', input: { order_no: 'h-1' }, by: alice })
process.stdout.write(`open ${instance_id}\n`)
for (let noted = 1; ; noted++) {
  await engine.send({ instance_id, event: { type: 'note.added' }, by: alice })
  process.stdout.write(`noted ${noted}\n`)
}
