import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { DiskError } from '@varve/core/problems/disk-error'

export interface ServingAgent {
  /** Name of the agent's host. */
  readonly host: string
  /** Address from which the agent is connected; null when it is not. */
  readonly peer: string | null
  /** Further addresses at which agents may serve. */
  readonly networks: BlockList
}

/** Addresses that a name has; none when it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>

/**
 * The address to read an export from: the one that the agent is connected from, another of its loopback, or one in the
 * networks of agents. What an agent says of itself leads other agents to no other address; throws `refused` then.
 */
export async function servingAddress(
  said: string,
  agent: ServingAgent,
  resolve: Resolve = resolveName,
): Promise<string> {
  const addresses = isIP(said) === 0 ? await resolve(said) : [said]
  const found = addresses.map(plainAddress).find((address) => isOf(address, agent))
  if (found !== undefined) return found
  throw new DiskError('refused', {
    file: agent.host,
    reason: `its agent says that it serves at ${JSON.stringify(said)}, but is connected from ${agent.peer ?? 'nowhere'}`,
    remedy:
      'Start the agent with --nbd-host and the address that it is connected from, or the controller with --agent-network and the network of that address.',
  })
}

/** The networks of `--agent-network`, each as `ADDRESS/BITS` or an address; throws a sentence for what is neither. */
export function parseNetworks(texts: readonly string[]): BlockList {
  const networks = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const family = isIP(address)
    const most = family === 4 ? 32 : 128
    const prefix = bits === undefined ? most : /^\d{1,3}$/u.test(bits) ? Number(bits) : Number.NaN
    if (family === 0 || !(prefix <= most))
      throw new Error(`${JSON.stringify(text)} is not a network such as 192.168.7.0/24.`)
    networks.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return networks
}

function isOf(address: string, { peer, networks }: ServingAgent): boolean {
  if (networks.check(address, familyOf(address))) return true
  if (peer === null) return false
  const own = plainAddress(peer)
  return address === own || (isLoopbackAddress(address) && isLoopbackAddress(own))
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether `address` is one of this machine's loopback, as IPv4, IPv6 or IPv4 in IPv6. */
export function isLoopbackAddress(address: string): boolean {
  const plain = plainAddress(address)
  return isIP(plain) !== 0 && loopback.check(plain, familyOf(plain))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** One spelling for one address: IPv4 in IPv6 as IPv4, IPv6 compressed, without a zone. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/u, '').toLowerCase()
  const inIpv6 = /^::ffff:(?<ipv4>\d+\.\d+\.\d+\.\d+)$/u.exec(bare)?.groups?.['ipv4']
  if (inIpv6 !== undefined) return inIpv6
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare
}

async function resolveName(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
}
