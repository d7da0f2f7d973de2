/**
 * A lock file against a second process on the same data directory. It names its holder; one whose holder is gone
 * (kill -9, power loss) is taken over at once.
 */
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
}

/** Returns what releases the lock. Throws FolderInUse while a living process holds it. */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock')
  const mine = join(folder, `lock.${process.pid}`)
  writeFileSync(mine, `${process.pid} ${startOf(process.pid)}`)
  try {
    while (!linked(mine, path)) {
      const holder = holderOf(path)
      if (holder !== undefined) {
        throw new FolderInUse(
          `The data directory ${folder} is in use by process ${holder}. PGlite serves one process: stop it, choose another DATA_DIR, or set DATABASE_URL to a Postgres`,
        )
      }
      takeAway(path, folder)
    }
  } finally {
    discard(mine)
  }
  return () => discard(path)
}

// Moved aside before it is thrown away: if somebody has taken the lock since it was read, it is given back.
function takeAway(path: string, folder: string): void {
  const read = textOf(path)
  const aside = join(folder, `lock.stale.${process.pid}`)
  try {
    renameSync(path, aside)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
    throw cause
  }
  if (textOf(aside) !== read) linked(aside, path)
  discard(aside)
}

function linked(mine: string, path: string): boolean {
  try {
    linkSync(mine, path)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cause
  }
}

function holderOf(path: string): number | undefined {
  const [pid = '', start = ''] = textOf(path).split(' ')
  const holder = Number(pid)
  const lives = holder > 0 && alive(holder) && startOf(holder) === start
  return lives ? holder : undefined
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

// Pids are used again; with its start time a process is unmistakable. Where /proc is absent the pid must do.
function startOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
  }
}
