/** Which addresses are of the internet at large, and which of this machine or the networks around it. */
import { BlockList, isIPv6 } from 'node:net'

const reserved = new BlockList()
for (const [net, prefix] of [
  // This host, private, shared, loopback, link-local.
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ] as const),
  ...([
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.168.0.0', 16],
  ] as const),
  // Documentation, relays, benchmarks, multicast, broadcast.
  ...([
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
  ] as const),
  ...([
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
] as const) {
  reserved.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  // Protocols of their own, documentation, and what carries an IPv4 address inside.
  ...([
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ] as const),
] as const) {
  reserved.addSubnet(net, prefix, 'ipv6')
}

/** All that is given out as global unicast: unique local, link-local, mapped and translated addresses lie outside. */
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export function isPublic(address: string): boolean {
  const family = familyOf(address)
  return (family === 'ipv4' || unicast.check(address, family)) && !reserved.check(address, family)
}

export function isLoopback(address: string): boolean {
  return loopback.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
