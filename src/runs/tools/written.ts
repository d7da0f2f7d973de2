import { lstat, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Writes a file of ours below a call's directory, in place of whatever the tool put there or on the way: writing
 * through a link, or into a pipe, of its making would follow it, or wait for ever.
 */
export async function written(directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name)
  if (dirname(name) !== '.') await ownFolder(dirname(path))
  await mkdir(dirname(path), { recursive: true })
  await rm(path, { recursive: true, force: true })
  await writeFile(path, text, { flag: 'wx' })
}

async function ownFolder(path: string): Promise<void> {
  const entry = await lstat(path).catch(() => undefined)
  if (entry !== undefined && !entry.isDirectory()) await rm(path)
}
