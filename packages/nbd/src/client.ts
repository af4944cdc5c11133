import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { Extent } from '@varve/core/ranges/extent'
import type { DiskReader, ReadOptions } from '@varve/core/disk/disk-reader'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { NbdConnection } from './client-connection.ts'
import { adoptStream, adoptTls, openSocket } from './client-stream.ts'
import type { ClientStream } from './client-stream.ts'
import type { ConnectNbdOptions, ListExportsOptions, NbdClientOptions, NbdPlace } from './client-options.ts'
import type { ClientWish } from './handshake/client-handshake.ts'
import type { ExportFacts } from './handshake/export-facts.ts'
import { beginInTls } from './handshake/client-handshake.ts'
import { negotiate } from './handshake/negotiate.ts'
import type { HandshakeEnd } from './handshake/negotiate.ts'
import type { ListedExport } from './handshake/server-handshake.ts'
import type { ClientTls } from './tls/tls-options.ts'
import { alertOf, startTls, TlsBroken, TlsRefused, type StartTlsOptions } from './tls/start-tls.ts'

export type { ConnectNbdOptions, ListExportsOptions, NbdClientOptions, NbdPlace } from './client-options.ts'
export type { ExportFacts } from './handshake/export-facts.ts'

/** An export that can be read: a `ByteSource`. Errors are `nbd-failed`, `no-progress` and `out-of-range`. */
export interface NbdClient extends AsyncDisposable {
  /** What it is called in messages; never the export's name. */
  readonly name: string
  readonly size: number
  readonly facts: ExportFacts
  /**
   * Fills all of `target` from byte `at`. When `signal` aborts it throws its reason, and leaves `target` alone from
   * then on: it may wait for a part that is arriving.
   */
  readInto(target: Uint8Array, at: number, options?: ReadOptions): Promise<void>
  /** The extents of `range`: data, or holes as `zero`; one extent of data when the server does not tell. */
  extents(range: ByteRange, options?: ReadOptions): AsyncIterable<Extent>
  /** Writes `bytes`, which stay as they are until it is done; the server refuses it where the export is read-only. */
  write(bytes: Uint8Array, at: number, options?: ReadOptions): Promise<void>
  /** Makes the range zeros; only where `facts.canWriteZeroes`. */
  writeZeroes(range: ByteRange, options?: ReadOptions): Promise<void>
  /** Waits until what was written is on the medium; only where `facts.canFlush`. */
  flush(options?: ReadOptions): Promise<void>
  /** Says good-bye; reads under way fail. */
  close(): Promise<void>
}

/** Connects to an export; throws `nbd-failed` with the server's own text, or the reason of `signal`. */
export async function connectNbd(options: ConnectNbdOptions): Promise<NbdClient> {
  const name = options.name ?? placeName(options, options.tls)
  return openClient(openSocket(options), { ...options, name, host: hostOf(options) })
}

/** The same over a stream that is open already, such as TLS or a tunnel; the client owns the stream. */
export async function connectNbdOver(
  stream: Duplex,
  options: NbdClientOptions & { name: string },
): Promise<NbdClient> {
  return openClient(adoptStream(stream), { ...options, host: null })
}

/** The exports that a server lists; throws `nbd-failed` when it refuses. */
export async function listExports(options: ListExportsOptions): Promise<readonly ListedExport[]> {
  const name = options.name ?? placeName(options, options.tls)
  const wish = { want: 'list' } as const
  const { end, opened } = await shakeHands(openSocket(options), {
    ...options,
    name,
    wish,
    host: hostOf(options),
  })
  try {
    if (end.at !== 'listed')
      throw new DiskError('nbd-failed', { file: name, reason: 'the server did not list' })
    return end.found
  } finally {
    opened.stream.end()
    await Promise.race([closed(opened.stream), sleep(goodByeMs, undefined, { ref: false })])
    opened.stream.destroy()
  }
}

/** The export as a disk. Holes are `zero`, never `absent`: the server has merged the chain already. */
export function nbdDisk(client: NbdClient): DiskReader {
  return {
    name: client.name,
    virtualSize: client.size,
    extents: (range, options) => client.extents(range, options),
    readInto: (target, at, options) => client.readInto(target, at, options),
  }
}

/** For a server to close its side after good-bye. */
const goodByeMs = 500

async function openClient(
  plain: ClientStream,
  options: NbdClientOptions & { name: string; host: string | null },
): Promise<NbdClient> {
  const { name, exportName, signal } = options
  const { end, opened } = await shakeHands(plain, { ...options, wish: { want: 'export', name: exportName } })
  if (end.at !== 'ready')
    throw new DiskError('nbd-failed', { file: name, reason: 'the server gave no export' })
  const connection = new NbdConnection(opened, { ...options, facts: end.facts, redact: redactor(exportName) })
  const abort = (): void => connection.fail(abortReason(signal))
  signal?.addEventListener('abort', abort, { once: true })
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', abort)
    await connection.close(goodByeMs)
  }
  return {
    name,
    size: end.facts.size,
    facts: end.facts,
    readInto: (target, at, readOptions) => connection.readInto(target, at, readOptions),
    extents: (range, readOptions) => connection.extents(range, readOptions),
    write: (bytes, at, writeOptions) => connection.write(bytes, at, writeOptions),
    writeZeroes: (range, writeOptions) => connection.writeZeroes(range, writeOptions),
    flush: (writeOptions) => connection.flush(writeOptions),
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface ShakeHandsOptions extends Pick<NbdClientOptions, 'signal' | 'connectTimeoutMs' | 'tls'> {
  readonly name: string
  readonly wish: ClientWish
  /** What was connected to; null: no host. */
  readonly host: string | null
}

/** A handshake that is over, and the stream on which to go on: that inside TLS where it was asked for. */
interface Shaken {
  readonly end: HandshakeEnd
  readonly opened: ClientStream
}

/** Ends ready or listed; everything else throws and destroys the stream. */
async function shakeHands(plain: ClientStream, options: ShakeHandsOptions): Promise<Shaken> {
  const { name, signal, tls, connectTimeoutMs = 10_000 } = options
  const wish = { ...options.wish, overTls: tls !== undefined }
  let opened = plain
  const redact = redactor(wish.want === 'export' ? wish.name : '')
  const expired = AbortSignal.timeout(connectTimeoutMs)
  const stop = signal ? AbortSignal.any([signal, expired]) : expired
  const interrupt = (): void => opened.input.end('interrupted')
  try {
    stop.addEventListener('abort', interrupt, { once: true })
    if (stop.aborted) interrupt()
    const send = (bytes: Uint8Array) => opened.stream.write(bytes)
    let end = await negotiate(opened.input, send, wish)
    if (end.at === 'securing' && tls) {
      opened = await secure(plain, { tls, host: options.host, signal: stop })
      end = await negotiate(opened.input, send, wish, beginInTls(end, wish))
    }
    if (end.at === 'dead') throw deadError(name, { ...end, reason: redact(end.reason) })
    if (end.at === 'securing') throw new Error('TLS was begun twice')
    return { end, opened }
  } catch (error) {
    opened.stream.destroy()
    plain.stream.destroy()
    signal?.throwIfAborted()
    if (isDiskError(error, 'nbd-failed') || isDiskError(error, 'tls-failed')) throw error
    const refused = error instanceof TlsRefused ? error : alertOf(opened.failure)
    if (refused && !expired.aborted)
      throw new DiskError(
        'tls-failed',
        { file: name, reason: refused.message, remedy: refused.remedy },
        { cause: error },
      )
    const said = error instanceof Error ? error.message : 'the handshake broke'
    const ended = error instanceof TlsBroken ? said : (opened.ended ?? said)
    const reason = expired.aborted
      ? `the server did not answer within ${connectTimeoutMs / 1000} seconds`
      : opened === plain
        ? ended
        : `${ended}, after the TLS handshake, as one does that refuses the certificate of this side`
    throw new DiskError('nbd-failed', { file: name, reason: redact(reason) }, { cause: error })
  } finally {
    stop.removeEventListener('abort', interrupt)
  }
}

/** The same connection inside TLS. Nothing may have come behind the server's word that it begins: it would count as said inside. */
async function secure(plain: ClientStream, options: StartTlsOptions): Promise<ClientStream> {
  if (plain.input.queued > 0)
    throw new TlsRefused(
      'plain bytes came behind the beginning of TLS, as somebody in between would add them',
      'Find out who stands between this host and the server.',
    )
  plain.release()
  return adoptTls(await startTls(plain.stream, options))
}

function deadError(name: string, { reason, why }: Extract<HandshakeEnd, { at: 'dead' }>): DiskError {
  if (why === 'no-tls')
    return new DiskError('tls-failed', {
      file: name,
      reason: `TLS was asked for and the server, or somebody in between, says no (${reason})`,
      remedy:
        'Have the server offer TLS; where plain text is meant, say so by nbd:// instead of nbds://. Nothing was asked of it.',
    })
  if (why === 'tls-due')
    return new DiskError('tls-failed', {
      file: name,
      reason: `the server takes clients over TLS only (${reason})`,
      remedy: 'Use nbds:// and the certificates that the server knows.',
    })
  return new DiskError('nbd-failed', { file: name, reason })
}

/** Export names are secrets: a server's text that repeats one is shown without it. */
function redactor(secret: string): (text: string) => string {
  return (text) => (secret.length >= 8 ? text.replaceAll(secret, '(export)') : text)
}

function hostOf(place: NbdPlace): string | null {
  return 'path' in place ? null : place.host
}

function placeName(place: NbdPlace, tls: ClientTls | undefined): string {
  const scheme = tls ? 'nbds' : 'nbd'
  return 'path' in place ? `${scheme}+unix:${place.path}` : `${scheme}://${place.host}:${place.port}`
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('aborted')
}

async function closed(stream: Duplex): Promise<void> {
  if (stream.closed) return
  await new Promise<void>((resolve) => stream.once('close', () => resolve()))
}
