import { readFile } from 'node:fs/promises'
import { family, identityOf, type ProcessEntry, processTable } from './process-table.ts'

const EVERY_MS = 1000
const PAGE_MB = 4096 / 1024 / 1024

/**
 * Looks once a second at the processes of an execution. It remembers each of them, so that one which later hides,
 * with an empty environment, in another session, its parent gone, is still known; and the most memory they were seen
 * to hold together. Pages they share count once for each: good enough to warn, not to punish.
 */
export class Observer {
  readonly #execution: string
  readonly #group: number
  readonly #seen = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #peak_mb = 0

  constructor(execution: string, group: number) {
    this.#execution = execution
    this.#group = group
    this.#timer = setInterval(() => this.look(), EVERY_MS)
  }

  get peak_mb(): number {
    return this.#peak_mb
  }

  readonly belongs = (entry: ProcessEntry): boolean =>
    entry.execution === this.#execution || entry.group === this.#group || this.#seen.has(identityOf(entry))

  async look(): Promise<readonly ProcessEntry[]> {
    const processes = family(await processTable(), this.belongs)
    for (const entry of processes) this.#seen.add(identityOf(entry))
    const held = await Promise.all(processes.map(({ pid }) => residentMb(pid)))
    const together = held.reduce((sum, mb) => sum + mb, 0)
    this.#peak_mb = Math.max(this.#peak_mb, Math.round(together))
    return processes
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Zero for a process that ended meanwhile. */
async function residentMb(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'latin1').catch(() => '')
  return Number(statm.split(' ')[1] ?? 0) * PAGE_MB
}
