/** From the path a caller names to a file of that run, and to no other file (API-3). */
import { realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Refusal } from '../../refusal.ts'

export interface ArtifactPlace {
  /** Where all runs keep their files. */
  readonly root: string
  readonly run_id: string
  readonly rel_path: string
}

export async function artifactFile({ root, run_id, rel_path }: ArtifactPlace): Promise<{ path: string; size: number }> {
  if (/^[/\\]|^[A-Za-z]:/.test(rel_path)) throw pathInvalid(rel_path, 'absolute: it must be relative to the run')
  if (rel_path.split(/[/\\]/).includes('..')) throw pathInvalid(rel_path, 'a traversal: it must not contain ".."')
  const folder = await resolved(join(root, run_id))
  const path = await resolved(join(root, run_id, rel_path))
  if (folder === null || path === null)
    throw new Refusal('ARTIFACT_NOT_FOUND', `The run has no file "${rel_path}"`, { rel_path })
  // Symbolic links are resolved by now, so this holds for what is read and not only for what was written.
  if (path !== folder && !path.startsWith(folder + sep)) throw pathInvalid(rel_path, 'outside of the run')
  const found = await stat(path)
  if (!found.isFile()) throw new Refusal('ARTIFACT_NOT_A_FILE', `"${rel_path}" is not a file`, { rel_path })
  return { path, size: found.size }
}

function pathInvalid(rel_path: string, why: string): Refusal {
  return new Refusal('ARTIFACT_PATH_INVALID', `"${rel_path}" is ${why}`, { rel_path })
}

/** Null when nothing is there, or a name on the way is a file's or too long to be anything's. */
async function resolved(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null
    throw cause
  }
}
