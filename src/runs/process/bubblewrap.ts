import { truePath } from '../tools/paths.ts'
import { type Confinement, privateDirectories, type Start, shownPaths } from './confinement.ts'

/**
 * Confinement by bubblewrap. Its own process stays and watches over the program: it answers with the program's exit
 * code, or 128 and the signal that ended it, and must not be sent the signals meant for the program.
 */
export function inBubblewrap({ program, args }: Start, confinement: Confinement, bwrap: string): Start {
  const privates = privateDirectories().filter((path) => !path.startsWith('/dev/'))
  const shown = shownPaths(confinement, privateDirectories())
  return {
    program: bwrap,
    args: [
      ...['--unshare-user', '--unshare-ipc', '--unshare-uts', '--cap-drop', 'ALL', '--die-with-parent'],
      ...(confinement.network ? [] : ['--unshare-net']),
      ...['--ro-bind', '/', '/', '--dev', '/dev'],
      ...privates.flatMap((path) => ['--tmpfs', path]),
      ...shown.flatMap(({ path, is_writable }) => [is_writable ? '--bind' : '--ro-bind', path, path]),
      ...confinement.scratch.map(truePath).flatMap((path) => ['--tmpfs', path]),
      ...['--chdir', confinement.cwd, '--', program, ...args],
    ],
  }
}
