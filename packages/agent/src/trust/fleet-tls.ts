import type { ConnectionOptions, PeerCertificate } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { promptSocket } from '@varve/protocol/prompt-socket'
import { fleetServerName, memberOf } from '@varve/trust/member-name'
import { Agent, fetch as fetchBy, WebSocket as SocketBy } from 'undici'
import type { Wires } from './open-wires.ts'
import type { KeptMembership } from './membership-file.ts'

const connectMs = 10_000

/** Mutual TLS 1.3 by what the host is in its fleet; another fleet's controller is not spoken to. */
export function fleetWires(kept: KeptMembership): Wires {
  const dispatcher = new Agent({ connect: { ...connectionOptions(kept), timeout: connectMs } })
  const Socket = promptSocket(SocketBy as unknown as typeof globalThis.WebSocket)
  return {
    WebSocket: class extends Socket {
      constructor(url: string | URL) {
        super(url, { dispatcher } as unknown as string[])
      }
    },
    fetch: (async (url: string | URL, init: RequestInit) =>
      fetchBy(url, { ...init, dispatcher } as Parameters<
        typeof fetchBy
      >[1])) as unknown as typeof globalThis.fetch,
    close: () => dispatcher.destroy(),
  }
}

type Believed = Pick<KeptMembership, 'fleet' | 'roots'> & Partial<Pick<KeptMembership, 'key' | 'chain'>>

type FleetConnection = Required<Pick<ConnectionOptions, 'ca' | 'servername' | 'checkServerIdentity'>> & {
  readonly key?: string
  readonly cert?: string
  readonly minVersion: 'TLSv1.3'
}

/** For `tls.connect`: whom it believes, and as whom it speaks. */
export function connectionOptions({ fleet, roots, key, chain }: Believed): FleetConnection {
  return {
    ca: [...roots],
    ...(key !== undefined && chain !== undefined && { key, cert: chain }),
    servername: fleetServerName(fleet),
    minVersion: 'TLSv1.3',
    checkServerIdentity: (_name, certificate) => refuseOther(certificate, fleet),
  }
}

function refuseOther({ raw }: PeerCertificate, fleet: string): Error | undefined {
  const member = memberOf(new X509Certificate(raw))
  return member?.fleet === fleet && member.kind === 'controller'
    ? undefined
    : new Error('the other end is not the controller of this fleet')
}
