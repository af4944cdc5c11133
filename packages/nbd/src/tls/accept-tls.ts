import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { ConnectionRefused } from '../connection/connection-refused.ts'
import { contextOptions, type ServerTls } from './tls-options.ts'

/** A stream whose client has proven to be of one of the authorities. */
export interface SecuredStream {
  readonly stream: Duplex
  readonly peer: X509Certificate
}

/**
 * Does TLS on streams that are open already. Each of Node's TLS servers has one handshake at a time, so that what it tells is of
 * that stream; those that are done are used again, since making one reads the certificates.
 */
export class TlsAcceptor {
  readonly #tls: ServerTls
  readonly #idle: Server[]

  /** Throws when certificate, key and authorities do not fit each other. */
  constructor(tls: ServerTls) {
    this.#tls = tls
    this.#idle = [makeServer(tls)]
  }

  /** Throws `ConnectionRefused`; when `signal` aborts, which is told by destroying `raw`, nothing of it is used again. */
  async accept(raw: Duplex, signal: AbortSignal): Promise<SecuredStream> {
    const server = this.#idle.pop() ?? makeServer(this.#tls)
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    server.once('secureConnection', (socket) => {
      // What breaks it from here on also closes it.
      socket.on('error', () => {})
      resolve(socket)
    })
    server.once('tlsClientError', (error, socket) => reject(new ConnectionRefused(whyNot(error, socket))))
    // What a failed handshake still says is of nobody.
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    try {
      server.emit('connection', raw)
      const stream = await promise
      const peer = stream.getPeerX509Certificate()
      if (!stream.authorized || peer === undefined) {
        stream.destroy()
        throw new ConnectionRefused('the client has no certificate')
      }
      server.removeAllListeners('secureConnection')
      server.removeAllListeners('tlsClientError')
      this.#idle.push(server)
      return { stream, peer }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

function makeServer(tls: ServerTls): Server {
  return createServer({ ...contextOptions(tls), requestCert: true, rejectUnauthorized: true })
}

/** Node closes a connection of an untrusted certificate without a word; why is kept with the socket. */
function whyNot(error: Error, { authorizationError }: TLSSocket): string {
  const why: unknown = authorizationError
  if (typeof why === 'string' && why !== '') return `the certificate of the client is refused: ${why}`
  return `there is no TLS with the client: ${codeOf(error)}`
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
