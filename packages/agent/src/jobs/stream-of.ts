import { BlockList, isIP } from 'node:net'
import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskInput, InputTls } from '@varve/engine/run/requests'
import type { JobRequestOf } from '@varve/protocol/jobs'
import { memberUri } from '@varve/trust/member-name'
import type { KeptMembership } from '../trust/membership-file.ts'

/** Addresses at which no agent serves: nobody's, everybody's, and those of a cloud's own services. */
const nobodys = new BlockList()
nobodys.addSubnet('0.0.0.0', 8, 'ipv4')
nobodys.addSubnet('169.254.0.0', 16, 'ipv4')
nobodys.addSubnet('224.0.0.0', 3, 'ipv4')
nobodys.addAddress('::', 'ipv6')
nobodys.addSubnet('ff00::', 8, 'ipv6')
nobodys.addSubnet('fd00:ec2::', 32, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Ports below are those of a system's own services: an agent takes any free port, which is above. */
const firstPort = 1024
const failsAfterMs = 10_000
const hostName = /^(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/u

interface Exported extends Pick<JobRequestOf<'pull'>, 'endpoint' | 'virtualSize'> {
  /** What is to be made of it, for messages. */
  readonly target: { readonly name: string }
}

/**
 * The export that a pull or a measurement reads, over TLS where its server is named. That it cannot be opened is told only after
 * ten seconds, whether its port is closed, silent, dropped by a filter, of another service, or on no host: time tells no more than
 * words about what listens there. One that is there is not waited for. Throws `refused` for an address at which no agent serves,
 * and for plain text where this host and the other have certificates.
 */
export function exportedStream(
  { endpoint, virtualSize, target }: Exported,
  membership: KeptMembership | null,
): DiskInput {
  const { server, ...place } = endpoint
  const { host, port } = place
  if (port < firstPort || !mayBeAgents(host)) {
    throw new DiskError('refused', {
      file: target.name,
      reason: 'the source is to be read from an address at which no agent serves',
      remedy: 'Start the agent of the source with --nbd-host and the address by which others reach it.',
    })
  }
  const stream = { kind: 'nbd', ...place, size: virtualSize, failsAfterMs } as const
  if (server !== undefined) return { ...stream, tls: tlsWith(server, membership, target.name) }
  if (membership === null || isLoopback(host)) return stream
  throw new DiskError('refused', {
    file: target.name,
    reason: 'the source is served in plain text to another machine',
    remedy: 'Join the host of the source to the fleet: varve agents token makes a token for it.',
  })
}

function tlsWith(server: string, membership: KeptMembership | null, file: string): InputTls {
  if (membership === null)
    throw new DiskError('refused', {
      file,
      reason: `${server} serves by TLS to members of its fleet, and this host has not joined`,
      remedy: 'Join this host to the fleet: varve agents token makes a token for it.',
    })
  const { fleet, roots, chain, key } = membership
  const peer = { uri: memberUri({ fleet, kind: 'agent', name: server }) }
  return { ca: roots.join('\n'), certificate: chain, key, peer }
}

function mayBeAgents(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return hostName.test(host)
  return !nobodys.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** What never leaves this machine. */
function isLoopback(host: string): boolean {
  const family = isIP(host)
  return family === 0 ? host === 'localhost' : loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
