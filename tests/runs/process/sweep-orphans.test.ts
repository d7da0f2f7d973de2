import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { sweepOrphans } from '../../../src/runs/process/sweep-orphans.ts'
import { endWhatIsLeft, isAlive, pidFile, pidIn, stubborn } from './support.ts'

endWhatIsLeft()

test('D26: ends what belongs to an effect nobody does any more', async () => {
  const owner = crypto.randomUUID()
  const pid = await tool({ owner, effect_id: 'e-1' })
  expect(await sweepOrphans({ owner, isOrphan: async () => true })).toEqual(['e-1'])
  expect(isAlive(pid)).toBe(false)
})

test('D26: leaves the tools of another server on the same database alone', async () => {
  const owner = crypto.randomUUID()
  const [live, orphan] = [await tool({ owner, effect_id: 'live' }), await tool({ owner, effect_id: 'orphan' })]
  expect(await sweepOrphans({ owner, isOrphan: async (effect_id) => effect_id === 'orphan' })).toEqual(['orphan'])
  expect([live, orphan].map(isAlive)).toEqual([true, false])
})

test('D26: asks once per effect, however many processes it has', async () => {
  const owner = crypto.randomUUID()
  const pids = [await tool({ owner, effect_id: 'e-1' }), await tool({ owner, effect_id: 'e-1' })]
  const asked: string[] = []
  await sweepOrphans({ owner, isOrphan: async (effect_id) => asked.push(effect_id) > 0 })
  expect(asked).toEqual(['e-1'])
  expect(pids.filter(isAlive)).toEqual([])
})

test('D26: leaves the tools of servers on other data alone', async () => {
  const [owner, other] = [crypto.randomUUID(), crypto.randomUUID()]
  const pid = await tool({ owner: other, effect_id: 'e-1' })
  expect(await sweepOrphans({ owner, isOrphan: async () => true })).toEqual([])
  expect(isAlive(pid)).toBe(true)
})

/** A process as a tool's server would have started it, but with nobody to look after it. */
async function tool({ owner, effect_id }: { owner: string; effect_id: string }): Promise<number> {
  const file = pidFile()
  const marks = { CHANCERY_OWNER: owner, CHANCERY_EFFECT_ID: effect_id, CHANCERY_EXECUTION: crypto.randomUUID() }
  spawn(process.execPath, ['-e', stubborn(file)], { env: marks, detached: true, stdio: 'ignore' }).unref()
  return pidIn(file)
}
