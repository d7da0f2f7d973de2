import { setTimeout as pause } from 'node:timers/promises'
import { family, type ProcessEntry, processTable } from './process-table.ts'

const ROUNDS = 50
const BETWEEN_ROUNDS_MS = 20

/**
 * Kills the processes that belong, with all their descendants, until none is left: one that was just forking while
 * the table was read is found in the next round. Answers how many it ended; a process that SIGKILL cannot end (stuck
 * in the kernel) is a fault.
 */
export async function endProcesses(belongs: (entry: ProcessEntry) => boolean): Promise<number> {
  const ended = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const found = family(await processTable(), belongs)
    if (found.length === 0) return ended.size
    // Whole groups too: that takes a process that keeps forking together with what it forks meanwhile.
    for (const group of new Set(found.map((entry) => entry.group))) kill(-group, 'SIGKILL')
    for (const { pid } of found) {
      kill(pid, 'SIGKILL')
      ended.add(pid)
    }
    await pause(BETWEEN_ROUNDS_MS)
  }
  throw new Error(`Processes ${[...ended].join(', ')} were killed ${ROUNDS} times and some are still there`)
}

/** Signals a process, or a whole group when the number is negative. One that is gone already is no fault. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    // EPERM: the number already belongs to somebody else's process, or to one that changed its user.
    if (code !== 'ESRCH' && code !== 'EPERM') throw fault
  }
}
