/**
 * Confinement with nothing but util-linux: a shell sets the stage in namespaces of its own, then becomes the program.
 *
 *     unshare (user, mount, ipc, net) ─▶ sh: private directories, read-only mounts, loopback ─▶ unshare (user) ─▶ program
 *
 * It is one process all along, with one id, so signals, exit codes and whoever looks for it find what they would find
 * without. The second user namespace takes back the rights the first one gave: the stage cannot be changed from it.
 */

import { truePath } from '../tools/paths.ts'
import { type Confinement, privateDirectories, type Shown, type Start, shownPaths } from './confinement.ts'
import type { Mount } from './mounts.ts'

/** With this, and a last line that says why, ends what could not be set up. */
export const NOT_SET_UP = { exit_code: 125, mark: 'isolation: ' } as const

export interface Ground {
  readonly mounts: readonly Mount[]
  readonly uid: number
  readonly gid: number
  /** Absolute, since the program's own PATH may lack them. */
  readonly tools: Readonly<Record<'unshare' | 'sh' | 'mount' | 'umount' | 'mkdir' | 'ip', string>>
}

const STAGE = '/dev/shm'
/** Of the kernel, with rules of their own; or needed as they are. */
const leftAsTheyAre = new Set(['proc', 'devpts', 'mqueue'])

export function inNamespaces({ program, args }: Start, confinement: Confinement, ground: Ground): Start {
  const { tools } = ground
  return {
    program: tools.unshare,
    args: [
      ...['--user', '--map-root-user', '--mount', '--ipc'],
      ...(confinement.network ? [] : ['--net']),
      ...['--', tools.sh, '-c', stageScript(confinement, ground), 'sh', program, ...args],
    ],
  }
}

function stageScript(confinement: Confinement, { mounts, uid, gid, tools }: Ground): string {
  const { mount, umount, mkdir, ip, unshare } = tools
  const privates = privateDirectories()
  const shown = shownPaths(confinement, privates)
  const staged = shown.filter(({ is_private }) => is_private)
  const place = ({ path }: Shown) => `${STAGE}/${staged.findIndex((one) => one.path === path)}`
  const own = (path: string) => `${mount} -t tmpfs -o mode=1777,nosuid,nodev tmpfs ${quoted(path)}`
  return [
    'set -e',
    `trap 'echo "${NOT_SET_UP.mark}it could not be set up" >&2; exit ${NOT_SET_UP.exit_code}' EXIT`,
    // What is about to be covered is held elsewhere meanwhile.
    own(STAGE),
    ...staged.map((one) => `${mkdir} ${place(one)}; ${mount} --rbind ${quoted(one.path)} ${place(one)}`),
    ...shown
      .filter(({ is_private }) => !is_private)
      .map(({ path }) => `${mount} --bind ${quoted(path)} ${quoted(path)}`),
    ...privates.filter((path) => path !== STAGE).map(own),
    ...staged.map((one) => {
      const path = quoted(one.path)
      return `${mkdir} -p ${path}; ${mount} --rbind ${place(one)} ${path}; ${umount} -l ${place(one)}`
    }),
    ...staged
      .filter(({ is_writable }) => !is_writable)
      .map(({ path }) => `${mount} -o remount,bind,ro ${quoted(path)}`),
    ...confinement.scratch.map(truePath).map(own),
    ...fixed(mounts, privates).map((one) => readOnly(mount, one)),
    ...(confinement.network ? [] : [`${ip} link set lo up`]),
    ...refusing(`cd ${quoted(confinement.cwd)}`, `Working directory not found: ${confinement.cwd}`),
    ...refusing('command -v "$1" > /dev/null', 'Command not found: $1'),
    `exec ${unshare} --user --map-user=${uid} --map-group=${gid} -- "$@"`,
  ].join('\n')
}

function fixed(mounts: readonly Mount[], privates: readonly string[]): readonly Mount[] {
  return mounts.filter(
    ({ path, type, options }) =>
      options.includes('rw') &&
      !leftAsTheyAre.has(type) &&
      !privates.some((directory) => path === directory || path.startsWith(`${directory}/`)),
  )
}

/** All its other options stay: a mount that came from outside cannot lose one. Nor matters one that cannot be written anyway. */
function readOnly(mount: string, { path, options }: Mount): string {
  const kept = options.filter((option) => option !== 'rw')
  return `${mount} -o ${['remount', 'bind', 'ro', ...kept].join(',')} ${quoted(path)} || [ ! -w ${quoted(path)} ]`
}

function refusing(step: string, problem: string): readonly string[] {
  return [
    `${step} || { trap - EXIT; echo "${NOT_SET_UP.mark}"${quoted(problem).replace('$1', `'"$1"'`)} >&2; exit ${NOT_SET_UP.exit_code}; }`,
  ]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
