/** A server of its own: opens its counters, says so, counts when it is told to, and answers with what it saw. */
import { openPostgres } from '../../src/store/postgres.ts'
import { openCounters } from './counters.ts'
import { sampled } from './measure.ts'

const [url = '', schema = '', callers = ''] = process.argv.slice(2)
const store = await openPostgres({ url, schema })
const counters = await openCounters(store, Number(callers))
// Nobody is left to count for.
process.once('disconnect', () => process.exit())
process.once('message', async () => {
  const sample = await sampled({ concurrency: Number(callers), work: counters.count })
  await counters.stop()
  await store.close()
  process.send?.(sample, () => process.disconnect?.())
})
process.send?.('open')
