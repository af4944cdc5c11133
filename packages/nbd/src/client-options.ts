import type { ClientTls } from './tls/tls-options.ts'

export type { ClientTls } from './tls/tls-options.ts'

/** Where a server listens: a TCP port or the path of a Unix socket. */
export type NbdPlace = { readonly host: string; readonly port: number } | { readonly path: string }

export interface NbdClientOptions {
  /** Left out: plain text. With it nothing but the wish for TLS is said in plain text. */
  readonly tls?: ClientTls
  /** '' asks for the server's default export. Never appears in an error. */
  readonly exportName: string
  /** What to call the disk in messages; default: the place of the server. */
  readonly name?: string
  /** Ends connecting, and later the connection. */
  readonly signal?: AbortSignal
  /** For connecting and the whole handshake. Default 10 s. */
  readonly connectTimeoutMs?: number
  /** Silence of the server while it owes a reply. Default 30 s. */
  readonly noProgressMs?: number
  /** Bytes of one request; larger reads are cut and sent together. Default 4 MiB. */
  readonly requestSize?: number
  /** Requests on the wire at a time. Default 8. */
  readonly inFlight?: number
}

export type ConnectNbdOptions = NbdPlace & NbdClientOptions
export type ListExportsOptions = NbdPlace & Omit<NbdClientOptions, 'exportName' | 'requestSize' | 'inFlight'>
