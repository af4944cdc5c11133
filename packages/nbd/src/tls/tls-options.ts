import { constants, X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** Between our own programs TLS 1.3 only; 1.2, with forward secrecy and AEAD, for the programs of others that know no better. */
export type TlsVersion = 'TLSv1.3' | 'TLSv1.2'

/** How a server speaks TLS: always, with clients of these authorities only. */
export interface ServerTls {
  /** PEM; behind the certificate those of the authorities between it and the root. */
  readonly certificate: string
  readonly key: string
  /** PEM of the authorities that certificates of clients must be from. */
  readonly ca: string
  /** PEM of lists of what they have revoked; with one, each authority needs one that is up to date. */
  readonly crl?: string
  /** Whether the client of that certificate may open that export; left out: each of these authorities may open all. */
  readonly peer?: (peer: X509Certificate, exportName: string) => boolean | Promise<boolean>
  /** Default 'TLSv1.3'. */
  readonly minVersion?: TlsVersion
}

/** How a client speaks TLS: always, with servers of these authorities only. */
export interface ClientTls {
  /** PEM of the authorities that the certificate of the server must be from. */
  readonly ca: string
  /** PEM of lists of what they have revoked; with one, each authority needs one that is up to date. */
  readonly crl?: string
  /** PEM of this side's certificate, for servers that want one. */
  readonly certificate?: string
  readonly key?: string
  /**
   * Who the server has to be: a name or address in its certificate, or what says so of the certificate. Left out: the host that
   * was connected to; where there is none, anyone with a server's certificate of these authorities.
   */
  readonly peer?: string | ((peer: X509Certificate) => boolean)
  /** Default 'TLSv1.3'. */
  readonly minVersion?: TlsVersion
}

/** Forward secrecy and AEAD; of TLS 1.3 all of its suites, of 1.2 those that have both. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** What both sides ask of TLS; throws `TypeError` for what is no PEM, so that no other authority stands in for one that is missing. */
export function contextOptions(
  tls: Pick<ClientTls, 'ca' | 'crl' | 'certificate' | 'key' | 'minVersion'>,
): SecureContextOptions {
  const { crl, certificate, key, minVersion = 'TLSv1.3' } = tls
  const ca = certificatesIn(tls.ca, 'the certificate of the authority')
  if ((certificate === undefined) !== (key === undefined))
    throw new TypeError('a certificate goes with its key')
  return {
    ca,
    ...(crl !== undefined && { crl: blocksIn(crl, 'X509 CRL', 'the list of what is revoked') }),
    ...(certificate !== undefined && { cert: certificatesIn(certificate, 'the certificate').join('\n') }),
    ...(key !== undefined && { key }),
    minVersion,
    maxVersion: 'TLSv1.3',
    ciphers,
    honorCipherOrder: true,
    // Nothing is resumed: each connection shows its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

function blocksIn(text: string, label: string, what: string): string[] {
  const found = text.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'gu'))
  if (found === null) throw new TypeError(`${what} is no PEM`)
  return [...found]
}

function certificatesIn(text: string, what: string): string[] {
  const found = blocksIn(text, 'CERTIFICATE', what)
  for (const each of found) {
    try {
      new X509Certificate(each)
    } catch (error) {
      throw new TypeError(`${what} cannot be read`, { cause: error })
    }
  }
  return found
}
