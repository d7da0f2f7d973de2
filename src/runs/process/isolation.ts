/** What keeps a tool's process from the rest of this machine, as far as this machine offers something. */
import { constants as access, accessSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Isolation } from '../../../machines/run/evidence.ts'
import { inBubblewrap } from './bubblewrap.ts'
import type { Confinement, Start } from './confinement.ts'
import { mountsHere } from './mounts.ts'
import { type Ground, inNamespaces, NOT_SET_UP } from './namespaces.ts'
import { type Command, type ProcessResult, runProcess } from './run-process.ts'

/** Containers are started elsewhere. */
export type ProcessIsolation = Exclude<Isolation, 'container'>

const kinds: readonly ProcessIsolation[] = ['bubblewrap', 'namespaces']
const PROBE_MS = 10_000

let found: Promise<ProcessIsolation> | undefined

/** The first that works, found out once by really running something in it; `process` where none does. */
export function isolationHere(): Promise<ProcessIsolation> {
  found ??= firstThatWorks()
  return found
}

async function firstThatWorks(): Promise<ProcessIsolation> {
  for (const kind of kinds) if (await works(kind)) return kind
  return 'process'
}

/** It works when it keeps its promises: what may be written can be, what may not cannot, and there is a loopback. */
export async function works(isolation: ProcessIsolation): Promise<boolean> {
  if (isolation === 'process') return true
  if (process.platform !== 'linux') return false
  const place = mkdtempSync(join(tmpdir(), 'chancery-isolation-'))
  try {
    const [open, closed] = [mkdtempSync(join(place, 'open-')), mkdtempSync(join(place, 'closed-'))]
    const visible = [closed, dirname(process.execPath)]
    const confinement = { cwd: open, writable: [open], visible, scratch: [], network: false }
    const result = await runConfined(isolation, () => confinement, {
      ...{ program: process.execPath, args: ['-e', probe, closed], cwd: open, env: {}, stdin: null },
      ...{ timeout_ms: PROBE_MS, owner: '', effect_id: '', signal: new AbortController().signal },
    })
    return result.exit_code === 0 && readFileSync(join(open, 'written'), 'utf8') === 'yes'
  } catch {
    return false
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

const probe = `
  const { writeFileSync } = require('node:fs')
  writeFileSync('written', 'yes')
  try { writeFileSync(process.argv[1] + '/written', ''); process.exit(1) } catch {}
  require('node:net').createServer().listen(0, '127.0.0.1', function () { this.close() })`

/** Runs a command within its confinement; its result reads as if there were none. */
export async function runConfined(
  isolation: ProcessIsolation,
  confinement: () => Confinement,
  command: Command,
): Promise<ProcessResult> {
  switch (isolation) {
    case 'process':
      return runProcess(command)
    case 'namespaces':
      return withoutMark(await runProcess({ ...command, ...inNamespaces(command, confinement(), ground()) }))
    case 'bubblewrap': {
      const start = inBubblewrap(command, confinement(), onPath('bwrap'))
      return unwrapped(command, await runProcess({ ...command, ...start, is_watched: true }))
    }
  }
}

function withoutMark(result: ProcessResult): ProcessResult {
  const { exit_code, stderr } = result
  const at = stderr.text.lastIndexOf(NOT_SET_UP.mark)
  const isMarked = at === 0 || stderr.text[at - 1] === '\n'
  if (exit_code !== NOT_SET_UP.exit_code || !isMarked) return result
  const text = (stderr.text.slice(0, at) + stderr.text.slice(at + NOT_SET_UP.mark.length)).trim()
  return notStarted(result, text)
}

/** A program that itself answers 128 and more is taken for one that a signal ended, as shells do. */
function unwrapped({ program }: Start, result: ProcessResult): ProcessResult {
  const { end, exit_code, stderr } = result
  if (end !== 'exited') return result
  if (exit_code === 1 && stderr.text.startsWith('bwrap: ')) {
    const isMissing = stderr.text.startsWith(`bwrap: execvp ${program}: No such file`)
    return notStarted(result, isMissing ? `Command not found: ${program}` : stderr.text.trim())
  }
  const signal = Object.entries(constants.signals).find(([, number]) => number === exit_code - 128)?.[0]
  return signal === undefined ? result : { ...result, exit_code: -1, signal: signal as NodeJS.Signals }
}

function notStarted(result: ProcessResult, text: string): ProcessResult {
  return { ...result, end: 'not_started', exit_code: -1, stderr: { text, bytes: Buffer.byteLength(text) } }
}

function ground(): Ground {
  const [unshare, sh, mount] = [onPath('unshare'), onPath('sh'), onPath('mount')]
  const tools = { unshare, sh, mount, umount: onPath('umount'), mkdir: onPath('mkdir'), ip: onPath('ip') }
  return { mounts: mountsHere(), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, tools }
}

const systemFolders = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin']

/** As the server finds it; a user's path often lacks the folders of the system. */
function onPath(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]
  const path = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (path === undefined) throw new Error(`There is no ${name} on the path`)
  return path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, access.X_OK)
    return path.startsWith('/')
  } catch {
    return false
  }
}
