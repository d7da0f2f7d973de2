/**
 * Who runs on this machine, read from /proc: enough to find every process a tool started, whether it stayed in the
 * tool's group, left it with setsid, or was started with an empty environment. Where there is no /proc the table is
 * empty, and only the process group ends with its effect.
 */
import { readdir, readFile } from 'node:fs/promises'

/** What every process of a tool inherits in its environment. */
export const marks = {
  /** The installation whose database knows the effect; servers on other data leave its processes alone. */
  owner: 'CHANCERY_OWNER',
  effect_id: 'CHANCERY_EFFECT_ID',
  /** One start of one command: an effect that was taken over runs again under the same id, and neither may end the other. */
  execution: 'CHANCERY_EXECUTION',
} as const

export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** When it began, in the kernel's own count: with it a number that was given out again is told apart. */
  readonly started: string
  readonly owner: string | undefined
  readonly effect_id: string | undefined
  readonly execution: string | undefined
}

export async function processTable(): Promise<readonly ProcessEntry[]> {
  const table: ProcessEntry[] = []
  // One after the other: a thousand processes at once would take a thousand file descriptors from the server.
  for (const pid of await runningPids()) {
    const entry = await entryOf(pid)
    if (entry !== undefined) table.push(entry)
  }
  return table
}

/** The processes that `belong`, and all their descendants; never the one that asks. */
export function family(
  table: readonly ProcessEntry[],
  belongs: (entry: ProcessEntry) => boolean,
): readonly ProcessEntry[] {
  const found = new Map(table.filter(belongs).map((entry) => [entry.pid, entry]))
  let before: number
  do {
    before = found.size
    for (const entry of table) if (found.has(entry.parent)) found.set(entry.pid, entry)
  } while (found.size > before)
  found.delete(process.pid)
  return [...found.values()]
}

export function identityOf({ pid, started }: ProcessEntry): string {
  return `${pid} ${started}`
}

async function runningPids(): Promise<readonly string[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name))
}

/** Undefined for a process that ended meanwhile, or is only waiting to be reaped. */
async function entryOf(pid: string): Promise<ProcessEntry | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name in parentheses may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, parent, group] = fields
  if (state === '' || state === 'Z' || state === 'X') return undefined
  // Unreadable where the process belongs to somebody else: then it is not ours.
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    started: fields[19] ?? '',
    owner: markIn(marks.owner, environment),
    effect_id: markIn(marks.effect_id, environment),
    execution: markIn(marks.execution, environment),
  }
}

function markIn(name: string, environment: string): string | undefined {
  const entry = `\0${environment}`.split(`\0${name}=`, 2)[1]
  return entry?.slice(0, entry.indexOf('\0'))
}
