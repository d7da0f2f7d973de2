/** What Linux knows of another process. Elsewhere there is nothing to read, and its figures are NaN. */
import { readFileSync } from 'node:fs'

const TICKS_PER_S = 100

/** CPU seconds so far, in user and system mode. */
export function cpuOf(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`)
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) / TICKS_PER_S
}

/** Resident memory now and at its highest. */
export function memoryOf(pid: number): { readonly rss_mb: number; readonly peak_mb: number } {
  const status = textOf(`/proc/${pid}/status`)
  const megabytes = (field: string) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { rss_mb: megabytes('VmRSS'), peak_mb: megabytes('VmHWM') }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
