/** Where a request may go (6.5): asked of every address it is about to visit, redirects included. */
import type { LookupAddress } from 'node:dns'
import { isIP, isIPv6 } from 'node:net'
import type { PolicyConfig } from '../../../../machines/run/policy.ts'
import { ToolBlocked } from '../tool.ts'
import { isLoopback, isPublic } from './addresses.ts'

export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** The host exactly as the policy lists it, for any port or with the one it names; and the method. */
export function checkTarget({ tools }: PolicyConfig, method: string, url: URL): void {
  const { hosts, methods } = tools.http_request
  if (!isListed(hosts, url.hostname, url)) throw blocked(`Host '${url.host}' not in policy tools.http_request.hosts`)
  if (!methods.includes(method)) throw blocked(`Method '${method}' not in policy tools.http_request.methods`)
}

/**
 * The addresses the host has right now, none of them one the policy keeps from requests. Connect to these and ask no
 * more: a name may answer otherwise the next time.
 */
export async function checkedAddresses(
  { tools }: PolicyConfig,
  url: URL,
  lookup: Lookup,
): Promise<readonly LookupAddress[]> {
  const { hosts } = tools.http_request
  const addresses = await addressesOf(url.hostname, lookup)
  for (const { address } of addresses) {
    if (isPublic(address) || isListed(hosts, hostOf(address), url)) continue
    // Who lists this name means this machine.
    if (url.hostname === 'localhost' && isLoopback(address)) continue
    const what = `Host '${url.host}' is at ${address}, an address of this machine or its networks`
    throw blocked(`${what}, which policy tools.http_request.hosts does not list itself`)
  }
  return addresses
}

function isListed(hosts: readonly string[], hostname: string, url: URL): boolean {
  const port = url.port || defaultPorts[url.protocol]
  return hosts.map(hostOf).some((entry) => entry === hostname || entry === `${hostname}:${port}`)
}

async function addressesOf(hostname: string, lookup: Lookup): Promise<readonly LookupAddress[]> {
  const literal = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(literal)
  return family === 0 ? lookup(hostname) : [{ address: literal, family }]
}

/** As a URL writes it: lower case, an IPv6 address shortened and in brackets. */
function hostOf(entry: string): string {
  const [address = ''] = entry.replace(/^\[|\]$/g, '').split('%', 1)
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname : entry.toLowerCase()
}

function blocked(message: string): ToolBlocked {
  return new ToolBlocked('policy', message)
}
