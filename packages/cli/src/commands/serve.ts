import { formatBytes } from '@varve/core/units/format-bytes'
import { isIP } from 'node:net'
import { clientCommands, clientFolder, nbdUri, type ServedTls } from '@varve/engine/serving/nbd-uri'
import { serveImage, type ServedImage, type ServingPlace } from '@varve/engine/serving/serve-image'
import { readServerFolder } from '@varve/nbd/tls/certificate-folder'
import { hostNameOf, isIssuedFor } from '@varve/nbd/tls/peer-names'
import { shellWord } from '@varve/operations/plans/shown'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from '../command.ts'
import { inUseOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { imageInput, pathOf, type ReadingOptions } from '../input.ts'
import { printable } from '../output/text.ts'
import { lookAtSources } from '../source-notice.ts'

export interface ServeOptions {
  readonly socket?: string
  readonly port?: number
  /** Seconds. */
  readonly expires?: number
  /** The folder with the certificates, for TLS. */
  readonly tlsCertificates?: string
  /** As the parser calls `--tls-1.2`. */
  readonly 'tls1.2'?: boolean
  /** An address of this host. */
  readonly listen?: string
}

/** `varve serve IMAGE`: until it is stopped, or its time is over; exit code 4 when the image changes under it. */
export async function serve(
  image: string,
  options: ServeOptions & ReadingOptions & AcceptOptions,
  context: CommandContext,
): Outcome {
  const { json, signal } = context
  const place = placeOf(options)
  const tls = await tlsOf(options)
  const input = imageInput(image, options)
  await lookAtSources([input], { ...context, accept: options.accept })
  const began = Date.now()
  await using served = await serveImage(input, {
    place,
    ...(tls && { tls }),
    inUse: inUseOf(options.accept),
    signal,
    ...(options.expires !== undefined && { expiresMs: options.expires * 1000 }),
  })
  const until = options.expires === undefined ? null : new Date(began + options.expires * 1000).toISOString()
  const about = { image, until, tls: tls && { ...tls, hostname: hostNameOf(tls.certificate) } }
  context.print(json ? JSON.stringify(recordOf(served, about)) : described(served, about))
  if (tls && 'host' in served.address && !isIssuedFor(tls.certificate, served.address.host))
    context.remark(
      `The certificate is not for ${served.address.host}: clients have to be told its name (tls-hostname in the address).`,
    )
  if (served.isTakenOver && 'socket' in served.address)
    context.remark(
      `The socket ${printable(served.address.socket)} was left by a process that is gone, and is taken over.`,
    )
  const how = await served.ended
  if (!json)
    context.remark(how === 'expired' ? 'Its time is over: it is served no more.' : 'It is served no more.')
  return exitCodes.ok
}

function placeOf({ socket, port, listen, tlsCertificates }: ServeOptions): ServingPlace {
  if (socket !== undefined && port !== undefined) throw new UsageError('Say one of --socket and --port.')
  if (listen !== undefined && (port === undefined || tlsCertificates === undefined))
    throw new UsageError(
      '--listen goes with --port and --tls-certificates: nothing is served to others in plain text.',
    )
  if (listen !== undefined && isIP(listen) === 0)
    throw new UsageError(`--listen takes an IP address of this host, not ${JSON.stringify(listen)}.`)
  if (port !== undefined) return { port, ...(listen !== undefined && { host: listen }) }
  // Windows has Unix sockets, but nothing that opens them.
  if (socket === undefined && process.platform === 'win32') return { port: 0 }
  return { socket: socket === undefined ? null : pathOf(socket) }
}

/** TLS as the options say it; null: plain text. */
async function tlsOf({ tlsCertificates: folder, 'tls1.2': isOld = false }: ServeOptions) {
  if (folder === undefined) {
    if (isOld) throw new UsageError('--tls-1.2 goes with --tls-certificates.')
    return null
  }
  const minVersion = isOld ? ('TLSv1.2' as const) : ('TLSv1.3' as const)
  return { ...(await readServerFolder(pathOf(folder))), minVersion }
}

interface About {
  readonly image: string
  readonly until: string | null
  readonly tls: ServedTls | null
}

function recordOf({ address, virtualSize }: ServedImage, { image, until, tls }: About) {
  return {
    image,
    virtualSize,
    readOnly: true,
    uri: nbdUri(address, tls),
    ...address,
    exportName: '',
    tls: tls?.minVersion ?? null,
    pid: process.pid,
    until,
    commands: clientCommands(address, tls),
  }
}

function described(served: ServedImage, { image, until, tls }: About): string {
  const { address, virtualSize } = served
  const end = until === null ? 'until Ctrl-C' : `until ${until.slice(0, 19).replace('T', ' ')} UTC`
  const commands = Object.values(clientCommands(address, tls))
  return [
    `${printable(image)}, a disk of ${formatBytes(virtualSize)}, is served read-only ${end}:`,
    `  ${nbdUri(address, tls)}`,
    ...commands.map((argv) => `  ${printable(argv.map(shellWord).join(' '))}`),
    ...whoOpens(served, tls),
  ].join('\n')
}

function whoOpens({ address }: ServedImage, tls: ServedTls | null): string[] {
  if (tls === null)
    return [
      'socket' in address
        ? 'Only this user can open it.'
        : 'Every user of this host can open it; a --socket is for this user alone.',
    ]
  return [
    `Whoever has a certificate of the authority in ca-cert.pem can open it, over ${tls.minVersion === 'TLSv1.2' ? 'TLS 1.2 or 1.3' : 'TLS 1.3'}.`,
    `${clientFolder} is a folder of the client with ca-cert.pem, client-cert.pem and client-key.pem.`,
  ]
}
