import { X509Certificate } from 'node:crypto'
import type { ConnectionOptions, PeerCertificate } from 'node:tls'
import { fleetServerName, memberOf } from '@varve/trust/member-name'
import type { KeptMembership } from './membership-file.ts'

/** Whom somebody believes, and as whom it speaks, where it has a certificate. */
export type Believed = Pick<KeptMembership, 'fleet' | 'roots'> &
  Partial<Pick<KeptMembership, 'key' | 'chain'>>

interface FleetConnection {
  readonly ca: string[]
  readonly servername: string
  readonly checkServerIdentity: NonNullable<ConnectionOptions['checkServerIdentity']>
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
