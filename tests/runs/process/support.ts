/** Processes that misbehave in one way each, and what tests ask about processes. */
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll } from 'vitest'
import type { Command } from '../../../src/runs/process/run-process.ts'
import { directoryWith } from '../support.ts'

/** A command of node that runs the text; what a test leaves out is harmless. */
export function nodeCommand(text: string, more: Partial<Command> = {}): Command {
  return {
    program: process.execPath,
    args: ['-e', text],
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '' },
    stdin: null,
    timeout_ms: 20_000,
    grace_ms: 100,
    owner: 'tests',
    effect_id: crypto.randomUUID(),
    signal: new AbortController().signal,
    ...more,
  }
}

/** A fresh file name for a process to write its pid to. */
export function pidFile(): string {
  return join(directoryWith(), 'pid')
}

/** Text of a process that ignores SIGTERM, notes its pid and stays. */
export function stubborn(file: string): string {
  return `
    process.on('SIGTERM', () => {})
    setInterval(() => {}, 1000)
    require('fs').writeFileSync(${JSON.stringify(file)} + '.part', String(process.pid))
    require('fs').renameSync(${JSON.stringify(file)} + '.part', ${JSON.stringify(file)})`
}

/** Text that starts another process and does not wait for it. */
export function starting(text: string, options: { readonly detached?: boolean; readonly env?: object } = {}): string {
  const started = JSON.stringify({ stdio: 'ignore', ...options })
  return `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(text)}], ${started}).unref();`
}

export async function pidIn(file: string): Promise<number> {
  await until(() => existsSync(file))
  const pid = Number(readFileSync(file, 'utf8'))
  left.add(pid)
  return pid
}

/** Running, and not merely waiting for somebody to take note of its end. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))
  } catch {
    return false
  }
}

export async function until(holds: () => boolean, within_ms = 10_000): Promise<void> {
  const end = performance.now() + within_ms
  while (!holds()) {
    if (performance.now() > end) throw new Error(`It did not come true within ${within_ms} ms: ${holds}`)
    await pause(10)
  }
}

const left = new Set<number>()

/** A test that fails leaves nothing behind either. */
export function endWhatIsLeft(): void {
  afterAll(() => {
    for (const pid of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })
}
