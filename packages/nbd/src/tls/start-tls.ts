import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { contextOptions, type ClientTls } from './tls-options.ts'

/** Why a connection is not trusted, and what helps. */
export class TlsRefused extends Error {
  override readonly name = 'TlsRefused'
  readonly remedy: string
  constructor(reason: string, remedy: string, options?: ErrorOptions) {
    super(reason, options)
    this.remedy = remedy
  }
}

/** The connection ended before TLS was there, for whatever reason: worth another try. */
export class TlsBroken extends Error {
  override readonly name = 'TlsBroken'
  constructor(options?: ErrorOptions) {
    super(
      'the connection ended in the TLS handshake, as with a server that does not speak TLS 1.3 or has no certificate to show',
      options,
    )
  }
}

export interface StartTlsOptions {
  readonly tls: ClientTls
  /** What was connected to; null: no host. */
  readonly host: string | null
  readonly signal: AbortSignal
}

/** Does TLS as the client on a stream that is open already; throws `TlsRefused`, `TlsBroken`, or the reason of `signal`. */
export async function startTls(raw: Duplex, { tls, host, signal }: StartTlsOptions): Promise<TLSSocket> {
  signal.throwIfAborted()
  const wanted = tls.peer ?? host
  const name = typeof wanted === 'string' ? wanted : null
  const secured = connect({
    secureContext: contextOf(tls),
    socket: raw,
    rejectUnauthorized: true,
    ...(name !== null && isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_name, found) => strangerIn(found, wanted),
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = () => reject(signal.reason)
  const onClose = () => reject(new TlsBroken())
  const onError = (error: Error) =>
    reject(isOfNetwork(error) ? new TlsBroken({ cause: error }) : refusalOf(error))
  signal.addEventListener('abort', onAbort, { once: true })
  // An alert may come at any time, and be nobody's for a moment.
  secured.on('error', () => {})
  secured.once('secureConnect', resolve).once('close', onClose).on('error', onError)
  try {
    await promise
    return secured
  } catch (error) {
    secured.destroy()
    raw.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    secured.off('close', onClose).off('error', onError)
  }
}

function isOfNetwork(error: Error): boolean {
  return /^E(?:CONN|PIPE|TIMEDOUT|HOST|NET)/u.test(codeOf(error))
}

/** What an alert of the server means that comes once the handshake is over here; null: it is none of TLS. */
export function alertOf(error: unknown): TlsRefused | null {
  const code = codeOf(error)
  return code.startsWith('ERR_SSL_') ? refusalOf(error) : null
}

function contextOf(tls: ClientTls): SecureContext {
  try {
    return createSecureContext(contextOptions(tls))
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown'
    throw new TlsRefused(`the certificates of this side cannot be used (${why})`, files, { cause: error })
  }
}

/** The error that keeps a connection from going on with that certificate; undefined: it is the one that is wanted. */
function strangerIn(found: PeerCertificate, wanted: ClientTls['peer'] | null): Error | undefined {
  if (wanted === null || wanted === undefined) return undefined
  if (typeof wanted === 'string') return checkServerIdentity(wanted, found)
  let cause: unknown
  try {
    if (wanted(new X509Certificate(found.raw))) return undefined
  } catch (error) {
    // Thrown on, it would end the process.
    cause = error
  }
  const stranger = new Error('the certificate is another one than is expected', { cause })
  return Object.assign(stranger, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}

const files = 'Check the files with the certificates: ca-cert.pem, client-cert.pem and client-key.pem.'
const both =
  'Check that the server speaks TLS 1.3 and that both certificates are valid and of an authority that the other side knows.'
const own =
  'Give this side a certificate (client-cert.pem, client-key.pem) that is valid and of an authority that the server knows.'
const theirs =
  'If it is the right server, give this side the certificate of its authority (ca-cert.pem) and the server one that is valid and has its name; if not, somebody stands in between.'

/** What the errors of Node and OpenSSL mean. */
const meanings: readonly (readonly [code: RegExp, reason: string, remedy: string])[] = [
  [/^CERT_HAS_EXPIRED$/u, 'the certificate of the server has expired', theirs],
  [/^CERT_NOT_YET_VALID$/u, 'the certificate of the server is not valid yet', theirs],
  [/^CERT_REVOKED$/u, 'the certificate of the server is revoked', theirs],
  [/^INVALID_PURPOSE$/u, 'the certificate of the server is not one for servers', theirs],
  [/^ERR_TLS_CERT_ALTNAME/u, 'the certificate of the server is of another one', theirs],
  [
    /^(?:UNABLE_|SELF_SIGNED|DEPTH_ZERO|CERT_)/u,
    'the certificate of the server is of no authority that is trusted here',
    theirs,
  ],
  [/ALERT_CERTIFICATE_REQUIRED/u, 'the server wants a certificate of this side', own],
  [/ALERT_CERTIFICATE_EXPIRED/u, 'the server refuses the certificate of this side: it has expired', own],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|NO_CERTIFICATE)/u,
    'the server refuses the certificate of this side',
    own,
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/u,
    'the server does not speak TLS 1.3',
    'Bring the server up to date: GnuTLS of 3.6.3 and OpenSSL of 1.1.1 know it.',
  ],
]

function refusalOf(error: unknown): TlsRefused {
  const code = codeOf(error)
  const [, reason, remedy] = meanings.find(([pattern]) => pattern.test(code)) ?? []
  return new TlsRefused(reason ?? `the TLS handshake failed (${code})`, remedy ?? both, { cause: error })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
