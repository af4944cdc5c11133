import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { Extent } from '@varve/core/ranges/extent'
import type { DiskReader, ReadOptions } from '@varve/core/disk/disk-reader'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { NbdConnection } from './client-connection.ts'
import { adoptStream, openSocket } from './client-stream.ts'
import type { ClientStream } from './client-stream.ts'
import type { ConnectNbdOptions, ListExportsOptions, NbdClientOptions, NbdPlace } from './client-options.ts'
import type { ClientWish } from './handshake/client-handshake.ts'
import type { ExportFacts } from './handshake/export-facts.ts'
import { negotiate } from './handshake/negotiate.ts'
import type { HandshakeEnd } from './handshake/negotiate.ts'
import type { ListedExport } from './handshake/server-handshake.ts'

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
  const name = options.name ?? placeName(options)
  return openClient(openSocket(options), { ...options, name })
}

/** The same over a stream that is open already, such as TLS or a tunnel; the client owns the stream. */
export async function connectNbdOver(
  stream: Duplex,
  options: NbdClientOptions & { name: string },
): Promise<NbdClient> {
  return openClient(adoptStream(stream), options)
}

/** The exports that a server lists; throws `nbd-failed` when it refuses. */
export async function listExports(options: ListExportsOptions): Promise<readonly ListedExport[]> {
  const name = options.name ?? placeName(options)
  const opened = openSocket(options)
  try {
    const end = await shakeHands(opened, { ...options, name, wish: { want: 'list' } })
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
  opened: ClientStream,
  options: NbdClientOptions & { name: string },
): Promise<NbdClient> {
  const { name, exportName, signal } = options
  const end = await shakeHands(opened, { ...options, wish: { want: 'export', name: exportName } })
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

interface ShakeHandsOptions extends Pick<NbdClientOptions, 'signal' | 'connectTimeoutMs'> {
  readonly name: string
  readonly wish: ClientWish
}

/** Ends ready or listed; everything else throws and destroys the stream. */
async function shakeHands(opened: ClientStream, options: ShakeHandsOptions): Promise<HandshakeEnd> {
  const { name, wish, signal, connectTimeoutMs = 10_000 } = options
  const redact = redactor(wish.want === 'export' ? wish.name : '')
  const expired = AbortSignal.timeout(connectTimeoutMs)
  const stop = signal ? AbortSignal.any([signal, expired]) : expired
  const interrupt = (): void => opened.input.end('interrupted')
  try {
    stop.addEventListener('abort', interrupt, { once: true })
    if (stop.aborted) interrupt()
    const end = await negotiate(opened.input, (bytes) => opened.stream.write(bytes), wish)
    if (end.at === 'dead') throw new DiskError('nbd-failed', { file: name, reason: redact(end.reason) })
    return end
  } catch (error) {
    opened.stream.destroy()
    signal?.throwIfAborted()
    if (isDiskError(error, 'nbd-failed')) throw error
    const reason = expired.aborted
      ? `the server did not answer within ${connectTimeoutMs / 1000} seconds`
      : (opened.ended ?? (error instanceof Error ? error.message : 'the handshake broke'))
    throw new DiskError('nbd-failed', { file: name, reason: redact(reason) }, { cause: error })
  } finally {
    stop.removeEventListener('abort', interrupt)
  }
}

/** Export names are secrets: a server's text that repeats one is shown without it. */
function redactor(secret: string): (text: string) => string {
  return (text) => (secret.length >= 8 ? text.replaceAll(secret, '(export)') : text)
}

function placeName(place: NbdPlace): string {
  return 'path' in place ? `nbd+unix:${place.path}` : `nbd://${place.host}:${place.port}`
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('aborted')
}

async function closed(stream: Duplex): Promise<void> {
  if (stream.closed) return
  await new Promise<void>((resolve) => stream.once('close', () => resolve()))
}
