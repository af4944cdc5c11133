import { setTimeout as sleep } from 'node:timers/promises'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { openChain } from '@varve/core/chain/open-chain'
import { maskedDisk } from '@varve/core/disk/masked-disk'
import { resizedDisk } from '@varve/core/disk/resized-disk'
import { type FormatName, formatNames } from '@varve/core/image/format-rules'
import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { ImageFile } from '@varve/core/image/image-files'
import type { RunList } from '@varve/core/ranges/run-list'
import { readHeldFree, type OwnedDisk } from '@varve/core/scan/held-free'
import { lazyUnpacker } from '../packed/lazy-unpacker.ts'
import { nodePorts } from '../ports/ports.ts'
import type { DiskInput } from './requests.ts'

export interface OpenInput extends AsyncDisposable {
  /** The input as other threads are to open it while it is open here. */
  readonly input: DiskInput
  readonly disk: DiskReader
  /** Every file that is read, for change detection; none for a stream. */
  readonly files: readonly ImageFile[]
  /** What a rescue read as zeros so far because it could not be read. */
  readonly zeroed?: readonly ByteRange[]
  /** The server does not promise that further connections see the same disk: this one is all there is. */
  readonly isAlone?: boolean
}

export interface OpenInputOptions {
  readonly io: 'sync' | 'async'
  readonly signal?: AbortSignal
}

/** The disk that `input` means, with its whole chain. */
export async function openInput(input: DiskInput, { io, signal }: OpenInputOptions): Promise<OpenInput> {
  if (input.kind === 'nbd') return openStream(input, signal)
  const { choices, told } = input
  const options = { format: knownFormat(input), choices, told, ...(signal ? { signal } : {}) }
  const { unpack, opened } = lazyUnpacker({ io, shared: input.unpacked })
  await using stack = new AsyncDisposableStack()
  const ports = { ...nodePorts({ roots: input.roots, io }), unpack }
  const chain = stack.use(await openChain(input.path, ports, options))
  const read = opened.length > 0 ? { ...input, unpacked: opened } : input
  const free = input.withoutFree === true ? (input.free ?? (await sharedFree(chain, signal))) : null
  const disk = leaveOut(await withSize(chain.disk, input), input)
  stack.move()
  if (free === null) return { ...chain, disk, input: read }
  return { ...chain, disk: maskedDisk(disk, free), input: { ...read, free } }
}

function leaveOut(disk: DiskReader, { leftOut }: DiskInput & { kind: 'image' }): DiskReader {
  return leftOut ? maskedDisk(disk, Float64Array.of(leftOut.start, leftOut.end)) : disk
}

/** As if it had another size: zeros behind its end, or cut where nothing of it is lost. */
async function withSize(
  disk: DiskReader,
  { extended, cutTo, path }: DiskInput & { kind: 'image' },
): Promise<DiskReader> {
  if (cutTo !== undefined) {
    const { cutView } = await import('@varve/core/scan/cut-view')
    return await cutView(disk, { size: cutTo, name: path })
  }
  if (extended === undefined) return disk
  if (extended.from !== disk.virtualSize || extended.to < extended.from)
    throw new DiskError('invalid-request', {
      file: path,
      reason: `its disk has ${disk.virtualSize} bytes, and ${extended.from} were to become ${extended.to}`,
    })
  return resizedDisk(disk, { virtualSize: extended.to, patches: [] })
}

/** The free blocks of the guest's filesystems, in memory that other threads see too. */
async function sharedFree(chain: OwnedDisk, signal: AbortSignal | undefined): Promise<RunList> {
  const free = await readHeldFree(chain, signal ? { signal } : {})
  const shared = new Float64Array(new SharedArrayBuffer(free.byteLength))
  shared.set(free)
  return shared
}

/** The format that somebody said; throws `unsupported-format` for a name that is none. */
export function knownFormat({ path, format }: DiskInput & { kind: 'image' }): FormatName | null {
  const known = formatNames.find((name) => name === format) ?? null
  if (format === null || known !== null) return known
  throw new DiskError('unsupported-format', { file: path, format, reason: 'there is no format of that name' })
}

/** The part of `failsAfterMs` in which a server has to answer: what is over with the rest of it is over at one moment. */
const answeringPart = 0.95

async function openStream(input: DiskInput & { kind: 'nbd' }, signal?: AbortSignal): Promise<OpenInput> {
  const { nbdDisk } = await import('@varve/nbd/client')
  const { connectInput } = await import('./connect-input.ts')
  const { failsAfterMs } = input
  const started = performance.now()
  const client = await connectInput(input, {
    ...(signal && { signal }),
    ...(failsAfterMs !== undefined && { connectTimeoutMs: failsAfterMs * answeringPart }),
  }).catch(async (error: unknown) => {
    signal?.throwIfAborted()
    if (input.address !== undefined) throw error
    const leftMs = (failsAfterMs ?? 0) - (performance.now() - started)
    if (leftMs > 0) await sleep(leftMs, undefined, { ...(signal && { signal }) }).catch(() => {})
    signal?.throwIfAborted()
    throw notOpened(input, error)
  })
  try {
    assertSize(input, client.size)
  } catch (error) {
    await client[Symbol.asyncDispose]()
    throw error
  }
  return {
    disk: nbdDisk(client),
    files: [],
    input,
    isAlone: !client.facts.canMultiConn,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
    },
  }
}

/** The same for every reason, so that nobody learns from it what listens at an address; the cause is for the log of this host. */
function notOpened(input: DiskInput, cause: unknown): DiskError {
  const reason = 'its export could not be opened there'
  return new DiskError('nbd-failed', { file: inputName(input), reason }, { cause })
}

/** Bytes of the largest disk that is read from a server: what is kept of a disk while it is read grows with it. */
const largestStream = 64 * 1024 ** 4

/** A server that says another size than its disk has would be read for ever. */
function assertSize(input: DiskInput & { kind: 'nbd' }, size: number): void {
  const file = inputName(input)
  if (input.size !== undefined && size !== input.size) {
    const reason = `it offers a disk of ${size} bytes, and the source has ${input.size}`
    throw new DiskError('nbd-failed', { file, reason })
  }
  if (size > largestStream)
    throw new DiskError('limit-exceeded', {
      file,
      what: 'the size of the disk',
      value: size,
      limit: largestStream,
    })
}

/** Bytes that the data of these files takes at most; unlimited for a stream, of which nothing is known. */
export function storedBytes(files: readonly ImageFile[]): number {
  if (files.length === 0) return Infinity
  return files.reduce((sum, { source, allocated }) => sum + Math.min(source.size, allocated ?? Infinity), 0)
}

/** What to call `input` in messages; the name of an export is a secret, unless somebody of this host gave it. */
export function inputName(input: DiskInput): string {
  if (input.kind === 'image') return input.path
  const scheme = input.tls ? 'nbds' : 'nbd'
  const place = 'host' in input ? `${scheme}://${input.host}:${input.port}` : `${scheme}+unix:${input.path}`
  return input.address ?? place
}
