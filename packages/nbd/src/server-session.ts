import type { X509Certificate } from 'node:crypto'
import type { BufferPool } from './connection/buffer-pool.ts'
import type { ListedExport } from './handshake/server-handshake.ts'
import type { NbdExport } from './nbd-export.ts'
import type { TlsAcceptor } from './tls/accept-tls.ts'

/** What a server tells its owner; it never names an export, as names are secrets. */
export type NbdServerEvent =
  | { readonly kind: 'connection-opened'; readonly connection: number }
  | { readonly kind: 'peer-known'; readonly connection: number; readonly peer: X509Certificate }
  | { readonly kind: 'export-opened'; readonly connection: number }
  | { readonly kind: 'request-failed'; readonly connection: number; readonly error: Error }
  | { readonly kind: 'connection-closed'; readonly connection: number; readonly reason: string }

/** TLS of a server, before which nothing is answered. */
export interface ConnectionTls {
  readonly acceptor: TlsAcceptor
  /** Whether the client of that certificate may open that export. */
  mayOpen(peer: X509Certificate, exportName: string): Promise<boolean>
  readonly onPeer: (peer: X509Certificate) => void
}

/** What decides over one connection. */
export interface ServeConnectionOptions {
  /** The export of that name, or null. Compares secret names in constant time. */
  resolveExport(name: string): Promise<NbdExport | null>
  /** Names that anyone may see; null: listing is refused. */
  listExports(): Promise<readonly ListedExport[] | null>
  /** Left out: plain text, and no other is offered. */
  readonly tls?: ConnectionTls
  readonly pool: BufferPool
  /** Number of this connection in events. */
  readonly connection: number
  readonly onEvent: (event: NbdServerEvent) => void
  /** Whether there is room for one more client with an export; asked before the export is given. */
  readonly mayOpen?: () => boolean
  /** For the whole handshake. */
  readonly handshakeTimeoutMs: number
  /** Without a request in flight. */
  readonly idleTimeoutMs: number
  /** With a reply that the client does not take. */
  readonly stallTimeoutMs: number
}

/** What the handshake agreed on. */
export interface Session {
  readonly exported: NbdExport
  readonly hasStructuredReplies: boolean
  readonly hasBlockStatus: boolean
}
