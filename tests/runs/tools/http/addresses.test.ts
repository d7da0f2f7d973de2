import { expect, test } from 'vitest'
import { isLoopback, isPublic } from '../../../../src/runs/tools/http/addresses.ts'

test.each([
  ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ...['169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255', '198.18.0.1', '203.0.113.9'],
  ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1'],
  // What carries an IPv4 address: mapped, compatible, translated, 6to4, Teredo.
  ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::1', '2001:0:7f00:1::'],
])('6.5: %s is an address of this machine, its networks, or nobody', (address) => {
  expect(isPublic(address)).toBe(false)
})

test.each([
  ...['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.128.0.1', '223.255.255.255'],
  ...['2606:4700:4700::1111', '2a00:1450::1'],
])('6.5: %s is an address of the internet', (address) => {
  expect(isPublic(address)).toBe(true)
})

test('6.5: only 127.0.0.0/8 and ::1 are this machine', () => {
  expect(['127.0.0.1', '127.255.0.1', '::1'].every(isLoopback)).toBe(true)
  expect(['10.0.0.1', '128.0.0.1', '::2', 'fe80::1'].some(isLoopback)).toBe(false)
})
