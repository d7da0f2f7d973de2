import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** TX-1: where a call keeps its files, below the run's directory. */
export function callDirectory(tool_name: string): string {
  return `tools/${tool_name}`
}

/** Made anew for each delivery: a report that an interrupted one left must not speak for this one. */
export async function freshDirectory(artifacts_root: string, artifact_dir: string): Promise<string> {
  const directory = join(artifacts_root, artifact_dir)
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  return directory
}
