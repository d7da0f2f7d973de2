/**
 * A file system of its own, small enough to be filled. It is mounted in a mount namespace that only this process and
 * its children see, so it is gone when they are, however they end.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, open, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const INSIDE = 'CHANCERY_FAULTS_OWN_MOUNTS'
const BLOCKS = [1024 * 1024, 4096]

export interface SmallDisk {
  readonly folder: string
  /** Takes what is free, but for that many bytes. */
  fill(leaving?: number): Promise<void>
  free(): Promise<void>
  unmount(): Promise<void>
}

/** Why there can be none here; undefined when there can. */
export function noSmallDisk(): string | undefined {
  if (process.env[INSIDE]) return undefined
  const unshare = pathOf('unshare')
  if (unshare === undefined || process.execve === undefined) return 'this system has no mount namespaces'
  if (process.getuid?.() !== 0) return 'only root can mount a file system to fill'
  const tried = spawnSync(unshare, ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()])
  return tried.status === 0 ? undefined : 'no file system can be mounted here'
}

/** Begins this process anew, with the same arguments, in a mount namespace of its own; returns when it is in one. */
export function inOwnMounts(): void {
  if (process.env[INSIDE]) return
  const unshare = pathOf('unshare') as string
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(unshare, [unshare, '--mount', ...again], { ...process.env, [INSIDE]: 'yes' })
}

function pathOf(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}

export async function smallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-disk-'))
  const call = promisify(execFile)
  await call('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=1777`, 'tmpfs', folder])
  const filler = join(folder, 'filler')
  const room = async () => {
    const { bfree, bsize } = await statfs(folder)
    return bfree * bsize
  }
  return {
    folder,
    async fill(leaving = 0) {
      const file = await open(filler, 'a')
      try {
        for (const size of BLOCKS) {
          while ((await room()) >= leaving + size && (await hasTaken(file.write(Buffer.alloc(size))))) {}
        }
      } finally {
        await file.close()
      }
    },
    free: () => rm(filler, { force: true }),
    async unmount() {
      await call('umount', ['--lazy', folder])
      await rm(folder, { recursive: true })
    },
  }
}

async function hasTaken(writing: Promise<{ bytesWritten: number }>): Promise<boolean> {
  try {
    return (await writing).bytesWritten > 0
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw cause
  }
}
