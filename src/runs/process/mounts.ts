import { readFileSync } from 'node:fs'

export interface Mount {
  readonly path: string
  readonly type: string
  /** As they stand for this mount: `rw`, `nosuid`, `relatime` … */
  readonly options: readonly string[]
}

/** What is mounted where this process runs, in the order it was. */
export function mountsHere(): readonly Mount[] {
  return mountsIn(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/** `36 35 98:0 /root /path rw,noatime master:1 - ext4 /dev/sda rw` */
export function mountsIn(mountinfo: string): readonly Mount[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [own = '', of = ''] = line.split(' - ')
      const [, , , , path = '', options = ''] = own.split(' ')
      const [type = ''] = of.split(' ')
      return { path: plain(path), type, options: options.split(',') }
    })
}

/** Spaces and the like are written as three octal digits. */
function plain(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
