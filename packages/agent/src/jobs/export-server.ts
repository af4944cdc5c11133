import type { X509Certificate } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { DiskError } from '@varve/core/problems/disk-error'
import { systemCode } from '@varve/engine/system/system-error'
import { serveNbd, type NbdServer } from '@varve/nbd/server'
import type { ServerTls } from '@varve/nbd/tls/tls-options'
import { memberOf } from '@varve/trust/member-name'
import type { KeptMembership } from '../trust/membership-file.ts'
import type { Logger } from '../platform/logger.ts'
import type { ExportTable } from './export-table.ts'

/** Connections to all exports together: each worker of each pull has one. */
const nbdConnections = 64
/** A handshake takes a few round trips. */
const handshakeMs = 5000

export interface ExportAddress {
  readonly host: string
  readonly port: number
  /** Whether TLS is spoken there, with members of the fleet only. */
  readonly isSecure: boolean
}

export interface ExportServerOptions {
  readonly exports: ExportTable
  /** What this host is in its fleet when it begins to listen. */
  readonly membership: () => KeptMembership | null
  readonly log: Logger
}

/** Where the exports are reached: the agent listens from its first export to the end of its last one, and at no other time. */
export interface ExportServer {
  /** Listens, if it does not yet, and says where; throws `refused`. Call it once the export is in the table. */
  listen(): Promise<ExportAddress>
  /** Lets in nobody by these certificates, named by their serial numbers, and drops who is in by one of them. */
  bar(serials: readonly string[]): void
  /** Null: no port is open. */
  readonly address: ExportAddress | null
  close(): Promise<void>
}

export function exportServer(host: string, { exports, membership, log }: ExportServerOptions): ExportServer {
  let barred: ReadonlySet<string> = new Set()
  const isBarred = ({ serialNumber }: X509Certificate): boolean => barred.has(serialNumber)
  let server: { readonly listening: NbdServer; readonly kept: KeptMembership | null } | null = null
  const start = async () => {
    const kept = membership()
    return { kept, listening: await startServing(host, exports, { kept, isBarred, log }) }
  }
  /** One change after the other: an export may come while the last one goes. */
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act)
    last = turn.catch(() => {})
    return turn
  }
  const close = async (): Promise<void> => {
    const closing = server
    server = null
    await closing?.listening.close()
    if (closing) log.info({ host, port: closing.listening.port }, 'no export is left: the port is closed')
  }
  exports.onEmpty = () => {
    inTurn(async () => (exports.size === 0 ? close() : undefined)).catch((error: unknown) =>
      log.error({ err: error }, 'closing the port of the exports failed'),
    )
  }
  return {
    bar(serials) {
      barred = new Set(serials)
      server?.listening.dropPeers(isBarred)
    },
    get address() {
      return server && { host, port: server.listening.port, isSecure: server.kept !== null }
    },
    listen: () =>
      inTurn(async () => {
        const { kept, listening } = (server ??= await start())
        return { host, port: listening.port, isSecure: kept !== null }
      }),
    close: () => inTurn(close),
  }
}

interface Serving {
  readonly kept: KeptMembership | null
  readonly isBarred: (peer: X509Certificate) => boolean
  readonly log: Logger
}

async function startServing(
  host: string,
  exports: ExportTable,
  { kept, isBarred, log }: Serving,
): Promise<NbdServer> {
  const server = await serveNbd({
    host,
    port: 0,
    resolveExport: exports.resolve,
    ...(kept && { tls: serverTls(kept, exports, isBarred) }),
    maxConnections: nbdConnections,
    handshakeTimeoutMs: handshakeMs,
    onEvent: (event) => (event.kind === 'request-failed' ? log.warn(event, 'nbd') : log.debug(event, 'nbd')),
  }).catch((error: unknown) => {
    throw new DiskError('refused', {
      file: host,
      reason: `this agent cannot listen at ${host} (${systemCode(error) ?? 'failed'})`,
      remedy: 'Start it with --nbd-host and an address of its own.',
    })
  })
  log.info({ host, port: server.port }, 'an export is open: listening')
  return server
}

/** Members of the fleet only, and of them the one that an export is for. */
function serverTls(
  { fleet, chain, key, roots }: KeptMembership,
  exports: ExportTable,
  isBarred: Serving['isBarred'],
): ServerTls {
  return {
    certificate: chain,
    key,
    ca: roots.join('\n'),
    peer(certificate, exportName) {
      if (isBarred(certificate)) return false
      const member = memberOf(certificate)
      return member?.fleet === fleet && member.kind === 'agent' && exports.isFor(exportName, member.name)
    },
  }
}

/** Throws the system's error unless `host` is an address of this machine; listens nowhere. */
export async function assertOwnAddress(host: string): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    socket.bind(0, host)
    await once(socket, 'listening')
  } finally {
    socket.close()
  }
}
