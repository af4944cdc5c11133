import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { ByteInput } from '../connection/byte-input.ts'

/** One side of a connection that a test plays byte by byte. */
export interface RawPeer {
  readonly socket: Socket
  send(...parts: readonly Uint8Array[]): void
  /** The next `length` bytes. */
  take(length: number): Promise<Uint8Array>
  /** Resolves when the other side is gone. */
  closed(): Promise<void>
}

export function rawPeer(socket: Socket): RawPeer {
  const input = new ByteInput({ onWanted: () => socket.resume(), onBytes: () => {} })
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('data', (chunk: Uint8Array) => {
    if (!input.push(chunk)) socket.pause()
  })
  socket.on('error', (error) => input.end(error.message))
  socket.on('close', () => input.end('closed'))
  return {
    socket,
    send(...parts) {
      for (const part of parts) socket.write(part)
    },
    async take(length) {
      const bytes = new Uint8Array(length)
      await input.fill(bytes)
      return bytes
    },
    closed: () => gone,
  }
}

/** A client that a test plays. */
export async function connectRaw(port: number): Promise<RawPeer> {
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return rawPeer(socket)
}

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number
}

/** A server that plays `script` for each client; what the script throws when the client leaves does not matter. */
export async function scriptedServer(script: (peer: RawPeer) => Promise<void>): Promise<ScriptedServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    script(rawPeer(socket)).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'StreamEnded')) throw error
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
