import type { X509Certificate } from 'node:crypto'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { BufferPool } from './connection/buffer-pool.ts'
import type { ListedExport } from './handshake/server-handshake.ts'
import type { NbdExport } from './nbd-export.ts'
import { HalfOpen, type HalfOpenLimits } from './half-open.ts'
import { serveConnection } from './server-connection.ts'
import type { NbdServerEvent } from './server-session.ts'
import { TlsAcceptor } from './tls/accept-tls.ts'
import type { ServerTls } from './tls/tls-options.ts'

export type { NbdServerEvent } from './server-session.ts'

export interface ServeNbdOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Absolute path of a Unix socket, made for this user alone; it listens there and at no port. */
  readonly socket?: string
  /** Left out: plain text. With it clients speak TLS, with a certificate of their own, before they are answered anything. */
  readonly tls?: ServerTls
  /** The export of that name, or null. Names are secrets: compare them in constant time. */
  resolveExport(name: string): Promise<NbdExport | null>
  /** Names that anyone may see; left out: listing is refused. */
  listExports?(): Promise<readonly ListedExport[]>
  readonly onEvent?: (event: NbdServerEvent) => void
  /** Clients that have opened an export; more are closed at once. Default 32. */
  readonly maxConnections?: number
  /** Sockets whose handshake is not over, which have places of their own. Default 512 in all, 256 of one peer. */
  readonly halfOpen?: HalfOpenLimits
  /** Bytes of payload that all connections together hold. Default 64 MiB, at least 32 MiB. */
  readonly memoryLimit?: number
  readonly handshakeTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly stallTimeoutMs?: number
}

export interface NbdServer extends AsyncDisposable {
  /** The path of a Unix socket, whose port is 0. */
  readonly address: string
  readonly port: number
  /** Clients connected at present. */
  readonly connections: number
  /** Drops the clients of certificates that `isRefused`, whatever they are doing. */
  dropPeers(isRefused: (peer: X509Certificate) => boolean): void
  /** Stops listening, drops all clients and resolves when they are gone. */
  close(): Promise<void>
}

const MiB = 1024 * 1024
const keepAliveMs = 30_000

/** Serves exports over TCP, or a Unix socket, until closed; rejects when it cannot listen. */
export async function serveNbd(options: ServeNbdOptions): Promise<NbdServer> {
  const pool = new BufferPool(Math.max(options.memoryLimit ?? 64 * MiB, 32 * MiB))
  const sockets = new Map<Socket, Promise<void>>()
  const halfOpen = new HalfOpen(options.halfOpen ?? { total: 512, perPeer: 256 })
  const clients = new Set<Socket>()
  const peers = new Map<Socket, X509Certificate>()
  const { tls } = options
  const acceptor = tls && new TlsAcceptor(tls)
  let opened = 0
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
    (socket) => {
      opened += 1
      halfOpen.add(socket)
      const served = serveConnection(socket, {
        resolveExport: (name) => options.resolveExport(name),
        listExports: async () => (await options.listExports?.()) ?? null,
        pool,
        connection: opened,
        onEvent: options.onEvent ?? ignore,
        ...(acceptor && {
          tls: {
            acceptor,
            mayOpen: async (peer, name) => (await tls?.peer?.(peer, name)) ?? true,
            onPeer(peer) {
              halfOpen.vouchFor(socket)
              peers.set(socket, peer)
            },
          },
        }),
        mayOpen: () => enter(socket),
        handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
        idleTimeoutMs: options.idleTimeoutMs ?? 15 * 60_000,
        stallTimeoutMs: options.stallTimeoutMs ?? 2 * 60_000,
      }).finally(() => {
        sockets.delete(socket)
        peers.delete(socket)
        halfOpen.remove(socket)
        clients.delete(socket)
      })
      sockets.set(socket, served)
    },
  )
  /** The client has shown that it knows an export: its place among the half-open is free again. */
  function enter(socket: Socket): boolean {
    halfOpen.remove(socket)
    if (clients.size >= (options.maxConnections ?? 32)) return false
    clients.add(socket)
    return true
  }
  const { address, port } = await listen(server, options)
  const close = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
    const all = [...sockets]
    for (const [socket] of all) socket.destroy()
    await Promise.all(all.map(([, served]) => served))
    await stopped
  }
  return {
    address,
    port,
    get connections() {
      return sockets.size
    },
    dropPeers(isRefused) {
      for (const [socket, peer] of peers) if (isRefused(peer)) socket.destroy()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function listen(
  server: Server,
  { host, port, socket }: ServeNbdOptions,
): Promise<{ address: string; port: number }> {
  // It is bound within the call: nobody else can open it in between.
  const usual = socket === undefined ? null : process.umask(0o177)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket === undefined ? { host, port } : { path: socket }, () => {
      server.off('error', reject)
      resolve()
    })
  }).finally(() => usual !== null && process.umask(usual))
  if (socket !== undefined) return { address: socket, port: 0 }
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('the server has no address')
  return { address: bound.address, port: bound.port }
}

function ignore(): void {}
