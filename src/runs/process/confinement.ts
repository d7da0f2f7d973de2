/** What a confined process may see, change and reach; how it is held to it is the isolation's business. */
import { existsSync } from 'node:fs'
import { isWithin, truePath } from '../tools/paths.ts'

export interface Confinement {
  readonly cwd: string
  /** Everything else can be read at most. */
  readonly writable: readonly string[]
  /** Directories that must be seen even where it lies in a directory the process has its own of. */
  readonly visible: readonly string[]
  /** Directories it has its own of, empty and gone with it. They must exist. */
  readonly scratch: readonly string[]
  readonly network: boolean
}

/** How a program is started so that it is confined. */
export interface Start {
  readonly program: string
  readonly args: readonly string[]
}

/** Of these every confined process has its own. */
export function privateDirectories(): readonly string[] {
  return [...new Set(['/dev/shm', '/tmp', '/var/tmp'].filter((path) => existsSync(path)).map(truePath))]
}

export interface Shown {
  readonly path: string
  readonly is_writable: boolean
  readonly is_private: boolean
}

/** What has to be put in place by itself, each before what lies inside it. */
export function shownPaths({ writable, visible }: Confinement, privates: readonly string[]): readonly Shown[] {
  const open = new Set(writable.map(truePath))
  const paths = new Set([...open, ...visible.map(truePath)])
  return (
    [...paths]
      .map((path) => ({
        path,
        is_writable: open.has(path),
        is_private: privates.some((directory) => isWithin(path, directory)),
      }))
      // A private directory itself stays private.
      .filter(({ path, is_writable, is_private }) => (is_writable || is_private) && !privates.includes(path))
      .toSorted((one, other) => one.path.length - other.path.length)
  )
}
