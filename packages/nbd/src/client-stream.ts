import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { ByteInput } from './connection/byte-input.ts'
import { Watch } from './connection/watch.ts'
import { readTlsInto } from './tls/read-into.ts'
import type { NbdPlace } from './client-options.ts'

/** A stream to a server with the reads of this side. */
export interface ClientStream {
  readonly stream: Duplex
  readonly input: ByteInput
  /** Touched by every byte that comes in. */
  readonly watch: Watch
  /** Why the stream ended, once it did. */
  ended: string | null
  /** The error that it ended with. */
  failure: Error | null
  /** Bytes that come are not read here any more. */
  readonly release: () => void
}

/** A connection to `place` whose large reads land in the caller's memory; the caller waits for 'connect'. */
export function openSocket(place: NbdPlace): ClientStream {
  const watch = new Watch()
  const input = new ByteInput({ onWanted: () => socket.resume(), onBytes: () => watch.touch() })
  const socket: Socket = connect({
    ...('path' in place ? { path: place.path } : { host: place.host, port: place.port }),
    noDelay: true,
    keepAlive: true,
    onread: {
      buffer: () => input.space(),
      callback: (count, buffer) => input.received(count, buffer),
    },
  })
  return observe({ stream: socket, input, watch, ended: null, failure: null, release: () => {} })
}

/** Any open stream, such as TLS or a tunnel. */
export function adoptStream(stream: Duplex): ClientStream {
  const watch = new Watch()
  const input = new ByteInput({ onWanted: () => stream.resume(), onBytes: () => watch.touch() })
  const onData = (chunk: Uint8Array) => {
    if (!input.push(chunk)) stream.pause()
  }
  stream.on('data', onData)
  const release = () => void stream.off('data', onData)
  return observe({ stream, input, watch, ended: null, failure: null, release })
}

/** A stream inside TLS, whose large reads land in the caller's memory where Node can do that. */
export function adoptTls(stream: TLSSocket): ClientStream {
  const watch = new Watch()
  const input = new ByteInput({ onWanted: () => stream.resume(), onBytes: () => watch.touch() })
  const isDirect = readTlsInto(stream, {
    buffer: () => input.space(),
    callback: (count, buffer) => input.received(count, buffer),
  })
  if (!isDirect) return adoptStream(stream)
  stream.resume()
  return observe({ stream, input, watch, ended: null, failure: null, release: () => {} })
}

function observe(opened: ClientStream): ClientStream {
  const end = (reason: string): void => {
    opened.ended ??= reason
    opened.input.end(opened.ended)
  }
  opened.stream.on('error', (error) => {
    opened.failure ??= error
    end(textOf(error))
  })
  opened.stream.on('end', () => end('the server closed the connection'))
  opened.stream.on('close', () => end('the server closed the connection'))
  if (opened.stream.destroyed) end('the server closed the connection')
  return opened
}

/** Trying several addresses of a host fails with an error without a message of its own. */
function textOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error.message
}
