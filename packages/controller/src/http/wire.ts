import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer as createPlainServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import type { Identity } from '@varve/protocol/identity'
import { fleetServerName, memberOf } from '@varve/trust/member-name'
import { isLoopbackAddress } from '../agents/serving-address.ts'
import type { Refusal } from './guard.ts'

/** What the controller shows in a handshake, and whom it believes; PEM. */
export interface WireTrust {
  readonly fleet: string
  readonly key: string
  readonly cert: string
  /** Roots of the fleet. */
  readonly ca: readonly string[]
}

/** A certificate for browsers, of an authority that they know; PEM. */
export interface WebCertificate {
  readonly key: string
  readonly cert: string
}

export interface WireOptions {
  readonly trust: WireTrust
  readonly web: WebCertificate | null
  /** Whether plain text is spoken with other machines too. */
  readonly isOpen: boolean
  readonly limits: Pick<
    ServerOptions,
    'requestTimeout' | 'headersTimeout' | 'connectionsCheckingInterval' | 'maxHeaderSize'
  >
}

/** One port that speaks TLS 1.3, and plain HTTP where that is allowed. */
export interface Wire {
  /** What listens; also takes the plain connections. */
  readonly server: Server
  readonly servers: readonly Server[]
  /** From the next handshake on. */
  setTrust(trust: WireTrust): void
  identityOf(request: Pick<IncomingMessage, 'socket'>): Identity
  /** Why the request must not be answered on this connection, or null. */
  refusePlain(request: Pick<IncomingMessage, 'socket'>): Refusal | null
  closeConnections(): void
}

/** The first byte of a TLS record that begins a handshake (RFC 8446, 5.1). */
const handshakeByte = 22
const handshakeMs = 10_000

export function createWire(options: WireOptions, handler: RequestListener): Wire {
  let { trust } = options
  let webContext: SecureContext | null = null
  const plain = createPlainServer(options.limits, handler)
  const secure = createSecureServer(
    {
      ...options.limits,
      ...contextOf(trust, trust),
      requestCert: true,
      // Who shows none is answered too, by what everybody may ask.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      SNICallback: (name, done) => done(null, options.web && isOfBrowser(name) ? web() : undefined),
    },
    handler,
  )

  /** Agents name the fleet, browsers what is in their address bar. */
  function isOfBrowser(name: string): boolean {
    return name !== fleetServerName(trust.fleet)
  }

  function web(): SecureContext | undefined {
    if (options.web) webContext ??= createSecureContext(contextOf(options.web, trust))
    return webContext ?? undefined
  }

  secure.on('tlsClientError', () => {})
  const take = plain.listeners('connection')
  plain.removeAllListeners('connection')
  plain.on('connection', (socket: Socket) => {
    const late = setTimeout(() => socket.destroy(), handshakeMs)
    const gone = () => clearTimeout(late)
    socket.once('close', gone)
    socket.on('error', () => {})
    socket.once('readable', () => {
      clearTimeout(late)
      socket.off('close', gone)
      const first = socket.read(1) as Buffer | null
      if (first === null) return
      socket.unshift(first)
      if (first[0] === handshakeByte) secure.emit('connection', socket)
      else for (const listener of take) Reflect.apply(listener, plain, [socket])
    })
  })
  // A server of Node watches its time limits from when it listens; this one is given its connections.
  plain.once('listening', () => secure.emit('listening'))
  plain.once('close', () => secure.emit('close'))

  return {
    server: plain,
    servers: [plain, secure],
    setTrust(now) {
      trust = now
      webContext = null
      secure.setSecureContext(contextOf(now, now))
    },
    identityOf: ({ socket }) => {
      if (socket instanceof TLSSocket) {
        const shown = identityIn(socket, trust.fleet)
        if (shown) return shown
      }
      return options.isOpen || isLoopbackAddress(socket.remoteAddress ?? '')
        ? { kind: 'local' }
        : { kind: 'nobody', why: null }
    },
    refusePlain: ({ socket }) =>
      socket instanceof TLSSocket || options.isOpen || isLoopbackAddress(socket.remoteAddress ?? '')
        ? null
        : { status: 403, reason: 'This controller speaks TLS with other machines: use https.' },
    closeConnections() {
      for (const server of [plain, secure]) server.closeAllConnections()
    },
  }
}

function contextOf({ key, cert }: WebCertificate, { ca }: WireTrust) {
  return { key, cert, ca: [...ca], minVersion: 'TLSv1.3' as const }
}

/** Whom a client certificate names; null: none was shown. */
function identityIn(socket: TLSSocket, fleet: string): Identity | null {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return null
  if (!socket.authorized) return { kind: 'nobody', why: String(socket.authorizationError) }
  const member = memberOf(certificate)
  if (member?.fleet !== fleet || member.kind !== 'agent') return { kind: 'nobody', why: 'NOT_AN_AGENT' }
  return { kind: 'agent', host: member.name, serial: certificate.serialNumber }
}
