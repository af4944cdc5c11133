import { BlockList, isIP } from 'node:net'
import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskInput } from '@varve/engine/run/requests'
import type { JobRequestOf } from '@varve/protocol/jobs'

/** Addresses at which no agent serves: nobody's, everybody's, and those of a cloud's own services. */
const nobodys = new BlockList()
nobodys.addSubnet('0.0.0.0', 8, 'ipv4')
nobodys.addSubnet('169.254.0.0', 16, 'ipv4')
nobodys.addSubnet('224.0.0.0', 3, 'ipv4')
nobodys.addAddress('::', 'ipv6')
nobodys.addSubnet('ff00::', 8, 'ipv6')
nobodys.addSubnet('fd00:ec2::', 32, 'ipv6')

/** Ports below are those of a system's own services: an agent takes any free port, which is above. */
const firstPort = 1024
const hostName = /^(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/u

interface Exported extends Pick<JobRequestOf<'pull'>, 'endpoint' | 'virtualSize'> {
  /** What is to be made of it, for messages. */
  readonly target: { readonly name: string }
}

/** The export that a pull or a measurement reads; throws `refused` for an address at which no agent serves. */
export function streamOf({ endpoint, virtualSize, target }: Exported): DiskInput {
  const { host, port } = endpoint
  if (port < firstPort || !mayBeAgents(host)) {
    throw new DiskError('refused', {
      file: target.name,
      reason: 'the source is to be read from an address at which no agent serves',
      remedy: 'Start the agent of the source with --nbd-host and the address by which others reach it.',
    })
  }
  return { kind: 'nbd', ...endpoint, size: virtualSize }
}

const failsAfterMs = 10_000

/**
 * The same export, of which is told only after ten seconds that it cannot be opened, whether its port is closed, silent, dropped
 * by a filter, of another service, or on no host: time tells no more than words about what listens there. One that is there
 * is not waited for.
 */
export function failingAlike(stream: DiskInput): DiskInput {
  return stream.kind === 'nbd' ? { ...stream, failsAfterMs } : stream
}

function mayBeAgents(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return hostName.test(host)
  return !nobodys.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
