import { expect, test } from 'vitest'
import { mountsHere, mountsIn } from '../../../src/runs/process/mounts.ts'

test('a mount is read with its own options, whatever optional fields come between', () => {
  const text = [
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard',
    '36 27 0:9 /sub /a\\040b ro,nosuid,noatime shared:1 master:2 - tmpfs none rw,size=4k',
    '',
  ]
  expect(mountsIn(text.join('\n'))).toEqual([
    { path: '/', type: 'ext4', options: ['rw', 'relatime'] },
    { path: '/a b', type: 'tmpfs', options: ['ro', 'nosuid', 'noatime'] },
  ])
})

test.skipIf(process.platform !== 'linux')('this machine has a root', () => {
  expect(mountsHere().some(({ path }) => path === '/')).toBe(true)
})
