import type { X509Certificate } from 'node:crypto'

/** What a certificate of a fleet is for; a tool speaks NBD with other tools, and is no host. */
export const memberKinds = ['agent', 'controller', 'tool'] as const
export type MemberKind = (typeof memberKinds)[number]

/** Who a certificate of a fleet names. */
export interface MemberName {
  /** Id of the fleet, which no other fleet has. */
  readonly fleet: string
  readonly kind: MemberKind
  readonly name: string
}

const fleetPattern = '[0-9a-f]{32}'
const address = new RegExp(
  `^varve://(${fleetPattern})/(agent|controller|tool)/([a-z0-9][a-z0-9.-]{0,252})$`,
  'u',
)

/** The address by which a certificate names a member, its only `URI` (RFC 5280, 4.2.1.6). */
export function memberUri({ fleet, kind, name }: MemberName): string {
  const uri = `varve://${fleet}/${kind}/${name}`
  if (!address.test(uri)) throw new Error(`${uri} names no member of a fleet`)
  return uri
}

/** Who the certificate names; null: nobody of any fleet, or more than one. Whether it is true is for the handshake to say. */
export function memberOf(certificate: Pick<X509Certificate, 'subjectAltName'>): MemberName | null {
  const uris = (certificate.subjectAltName ?? '').split(', ').filter((entry) => entry.startsWith('URI:'))
  const [uri = ''] = uris
  const found = address.exec(uri.slice(4))
  if (uris.length !== 1 || !found) return null
  const [, fleet = '', kind, name = ''] = found
  return { fleet, kind: kind as MemberKind, name }
}

/** The name that members ask for in a handshake (RFC 6066, 3), whatever address they have dialled. */
export function fleetServerName(fleet: string): string {
  return `${fleet}.fleet.varve.internal`
}
