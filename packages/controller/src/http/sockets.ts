import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { getWSConnectionHandler } from '@trpc/server/adapters/ws'
import type { Logger } from 'pino'
import type { RawData, WebSocket, WebSocketServer } from 'ws'
import type { Identity, PersonIdentity } from '@varve/protocol/identity'
import type { Hearing } from '../agents/hearing.ts'
import type { Services } from '../router/context.ts'
import { appRouter } from '../router/root.ts'
import { originOf } from '../people/identify.ts'
import { callLimits, type Callers } from './callers.ts'
import type { FairQueue } from './fair-queue.ts'
import { refuseJson } from './json-limits.ts'

const MiB = 1024 ** 2
/** The largest message is a part of a manifest, or one image with a long list of snapshots. */
export const mostMessageBytes = 2 * MiB
/** Of one connection, received and not yet looked at: then nothing more is read from it. */
const mostWaitingBytes = 1 * MiB
/** Of all connections from one address. */
const mostPeerBytes = 64 * MiB
/** A message must arrive whole within this time. */
const unfinishedMs = 30_000
const watchMs = 500
const answerMs = 10

export interface SocketOptions {
  readonly server: WebSocketServer
  readonly services: Services
  readonly callers: Callers
  readonly queue: FairQueue
  readonly hearing: Hearing
  readonly logger: Logger
  readonly ping: { readonly everyMs: number; readonly waitMs: number }
  readonly onError: (failed: { error: Error & { code: string }; path: string | undefined }) => void
}

/** The WebSockets of the API: what arrives is bounded before it is parsed, and handled in fair turns. */
export interface Sockets {
  open(socket: WebSocket, request: IncomingMessage, identity: Identity): void
  /** Ends the connections of people that this is true for. */
  cut(who: (identity: PersonIdentity) => boolean, reason: string): void
  stop(): void
}

interface Connection {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly peer: string
  readonly identity: Identity
  waitingBytes: number
  /** Bytes read from the network up to the last whole message. */
  wholeBytes: number
  /** Since when a message has been arriving; times of `hearing`. */
  unfinishedSince: number | null
  heardAt: number
  pingedAt: number | null
}

export function createSockets(options: SocketOptions): Sockets {
  const { services, callers, queue, hearing, logger } = options
  const connections = new Set<Connection>()
  const peers = new Map<string, number>()
  const watch = setInterval(() => {
    const held = new Map<string, number>()
    for (const connection of connections) look(connection, held)
  }, watchMs).unref()

  function end(connection: Connection, reason: string): void {
    logger.debug({ peer: connection.peer, reason }, 'a connection was ended')
    connection.socket.terminate()
  }

  /** Ends connections that are dead, hold half a message for ever, or do not take their answers; asks quiet ones for a sign. */
  function look(connection: Connection, held: Map<string, number>): void {
    const { socket, request, peer, pingedAt, heardAt } = connection
    if (isOver(connection.identity)) return end(connection, 'the time of its sign-in is over')
    const now = hearing.now()
    const unfinished = request.socket.bytesRead - connection.wholeBytes
    connection.unfinishedSince = unfinished > 0 ? (connection.unfinishedSince ?? now) : null
    const bytes = (held.get(peer) ?? 0) + unfinished
    held.set(peer, bytes)
    if (bytes > mostPeerBytes) return end(connection, 'too much of unfinished messages from one address')
    if (now - (connection.unfinishedSince ?? now) > unfinishedMs) return end(connection, 'half a message')
    if (socket.bufferedAmount > callLimits.mostUnsent) return end(connection, 'it does not take its answers')
    if (connection.waitingBytes > 0 || socket.readyState !== socket.OPEN) return
    if (pingedAt !== null && heardAt < pingedAt) {
      if (now - pingedAt > options.ping.waitMs) end(connection, 'no sign of life')
      return
    }
    if (now - heardAt < options.ping.everyMs) return
    connection.pingedAt = now
    socket.send('PING')
  }

  function receive(connection: Connection, data: RawData, deliver: () => void): void {
    const { socket, peer, request } = connection
    const bytes = Buffer.isBuffer(data) ? data.length : mostMessageBytes
    connection.heardAt = hearing.now()
    connection.wholeBytes = request.socket.bytesRead
    connection.unfinishedSince = null
    connection.waitingBytes += bytes
    const ofPeer = (peers.get(peer) ?? 0) + bytes
    peers.set(peer, ofPeer)
    if (connection.waitingBytes > mostWaitingBytes || ofPeer > mostPeerBytes) socket.pause()
    queue.push(connection, () => {
      connection.waitingBytes -= bytes
      const left = (peers.get(peer) ?? bytes) - bytes
      if (left === 0) peers.delete(peer)
      else peers.set(peer, left)
      if (connection.waitingBytes <= mostWaitingBytes) socket.resume()
      if (socket.readyState === socket.OPEN) deliver()
    })
  }

  /** Whether the other end says anything from now on. */
  async function answers(connection: Connection): Promise<boolean> {
    const { socket } = connection
    const askedAt = hearing.now()
    if (socket.readyState !== socket.OPEN) return false
    socket.send('PING')
    while (socket.readyState === socket.OPEN && hearing.now() - askedAt < options.ping.waitMs) {
      await sleep(answerMs)
      if (connection.heardAt > askedAt) return true
    }
    return false
  }

  return {
    open(socket, request, identity) {
      const peer = request.socket.remoteAddress ?? ''
      const now = hearing.now()
      const wholeBytes = request.socket.bytesRead
      const times = { unfinishedSince: null, heardAt: now, pingedAt: null }
      const connection: Connection = {
        socket,
        request,
        peer,
        identity,
        waitingBytes: 0,
        wholeBytes,
        ...times,
      }
      const caller = callers.open(
        { peer, identity, origin: originOf(request) },
        { socket, isAlive: () => answers(connection), end: (reason) => end(connection, reason) },
      )
      getWSConnectionHandler({
        wss: options.server,
        router: appRouter,
        createContext: () => ({ services, caller }),
        onError: options.onError,
        experimental_encoder: { encode: (value) => JSON.stringify(value), decode: decoder(socket) },
      })(socket, request)
      const handlers = socket.listeners('message')
      socket.removeAllListeners('message')
      socket.on('message', (data, isBinary) => {
        receive(connection, data, () => {
          for (const handle of handlers) Reflect.apply(handle, socket, [data, isBinary])
        })
      })
      connections.add(connection)
      socket.once('close', () => connections.delete(connection))
    },
    cut(who, reason) {
      for (const connection of connections)
        if (connection.identity.kind === 'person' && who(connection.identity)) end(connection, reason)
    },
    stop() {
      clearInterval(watch)
    },
  }
}

/** Whether the time is over of what somebody has signed in by. */
function isOver(identity: Identity): boolean {
  return identity.kind === 'person' && Date.now() >= (identity.by.until ?? Infinity)
}

/** Parses messages that keep within the limits; who sends another is told so by tRPC, and the connection is closed. */
function decoder(socket: WebSocket): (data: string | ArrayBuffer | Uint8Array) => unknown {
  return (data) => {
    const reason = typeof data === 'string' ? refuseJson(data) : 'Messages are text.'
    if (typeof data === 'string' && reason === null) return JSON.parse(data)
    setImmediate(() => socket.close(1008, reason ?? ''))
    throw new Error(reason ?? '')
  }
}
