import { formatBytes } from '@varve/core/units/format-bytes'
import { clientCommands, nbdUri } from '@varve/engine/serving/nbd-uri'
import { serveImage, type ServedImage, type ServingPlace } from '@varve/engine/serving/serve-image'
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
}

/** `varve serve IMAGE`: until it is stopped, or its time is over; exit code 4 when the image changes under it. */
export async function serve(
  image: string,
  options: ServeOptions & ReadingOptions & AcceptOptions,
  context: CommandContext,
): Outcome {
  const { json, signal } = context
  const input = imageInput(image, options)
  await lookAtSources([input], { ...context, accept: options.accept })
  const began = Date.now()
  await using served = await serveImage(input, {
    place: placeOf(options),
    inUse: inUseOf(options.accept),
    signal,
    ...(options.expires !== undefined && { expiresMs: options.expires * 1000 }),
  })
  const until = options.expires === undefined ? null : new Date(began + options.expires * 1000).toISOString()
  context.print(json ? JSON.stringify(recordOf(image, served, until)) : described(image, served, until))
  if (served.isTakenOver && 'socket' in served.address)
    context.remark(
      `The socket ${printable(served.address.socket)} was left by a process that is gone, and is taken over.`,
    )
  const how = await served.ended
  if (!json)
    context.remark(how === 'expired' ? 'Its time is over: it is served no more.' : 'It is served no more.')
  return exitCodes.ok
}

function placeOf({ socket, port }: ServeOptions): ServingPlace {
  if (socket !== undefined && port !== undefined) throw new UsageError('Say one of --socket and --port.')
  if (port !== undefined) return { port }
  // Windows has Unix sockets, but nothing that opens them.
  if (socket === undefined && process.platform === 'win32') return { port: 0 }
  return { socket: socket === undefined ? null : pathOf(socket) }
}

function recordOf(image: string, { address, virtualSize }: ServedImage, until: string | null) {
  return {
    image,
    virtualSize,
    readOnly: true,
    uri: nbdUri(address),
    ...address,
    exportName: '',
    pid: process.pid,
    until,
    commands: clientCommands(address),
  }
}

function described(image: string, { address, virtualSize }: ServedImage, until: string | null): string {
  const end = until === null ? 'until Ctrl-C' : `until ${until.slice(0, 19).replace('T', ' ')} UTC`
  const who =
    'socket' in address
      ? 'Only this user can open it.'
      : 'Every user of this host can open it; a --socket is for this user alone.'
  return [
    `${printable(image)}, a disk of ${formatBytes(virtualSize)}, is served read-only ${end}:`,
    `  ${nbdUri(address)}`,
    ...Object.values(clientCommands(address)).map((argv) => `  ${printable(argv.map(shellWord).join(' '))}`),
    who,
  ].join('\n')
}
