import { readFile } from 'node:fs/promises'
import { family, processTable } from './process-table.ts'

const EVERY_MS = 1000
const PAGE_MB = 4096 / 1024 / 1024

/**
 * Looks once a second at what an execution's processes hold in memory together and answers the most it saw, in MB.
 * Pages they share count once for each: good enough to warn, not to punish.
 */
export function watchMemory(execution: string): { readonly stop: () => number } {
  let peak_mb = 0
  let looking = false
  const timer = setInterval(async () => {
    if (looking) return
    looking = true
    const processes = family(await processTable(), (entry) => entry.execution === execution)
    const held = await Promise.all(processes.map(({ pid }) => residentMb(pid)))
    peak_mb = Math.max(peak_mb, Math.round(held.reduce((sum, mb) => sum + mb, 0)))
    looking = false
  }, EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return peak_mb
    },
  }
}

async function residentMb(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'latin1').catch(() => '')
  return Number(statm.split(' ')[1] ?? 0) * PAGE_MB
}
