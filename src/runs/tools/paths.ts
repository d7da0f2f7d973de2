import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'

/** Equal to the directory or below it, compared component by component: `/tmp` does not hold `/tmpx`. */
export function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

/** Where a path leads once every symlink on it is followed; what does not exist yet is taken as it is written. */
export function truePath(path: string): string {
  try {
    return realpathSync(path)
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || dirname(path) === path) throw fault
    return join(truePath(dirname(path)), basename(path))
  }
}

/** `./tests//unit/` is `tests/unit`. */
export function components(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

/** Absolute on any system: a drive letter counts on all of them. */
export function isRooted(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:/.test(path)
}
