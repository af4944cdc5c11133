import { type FileHandle, open } from 'node:fs/promises'
import { isZero } from '@varve/core/binary/zero-scan'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { DiskError } from '@varve/core/problems/disk-error'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { readWhole, writeWhole } from '../files/whole.ts'
import { guardFiles } from '../in-use/guard-files.ts'
import { openInput } from '../run/open-input.ts'
import type { DiskInput } from '../run/requests.ts'
import { readError, writeError } from '../system/system-error.ts'

const pieceBytes = 4 * 1024 ** 2

export interface RangeCopy {
  /** The disk that is read. */
  readonly input: DiskInput & { readonly kind: 'image' }
  /** The raw image that is written to; nobody else has it open. */
  readonly work: string
  /** Bytes of both disks. */
  readonly start: number
  readonly length: number
  readonly to: number
}

export interface CopyRangeOptions {
  readonly signal: AbortSignal
  /** Bytes done, and all. */
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Writes a range of one disk to another place of a raw image, and reads it back; may be repeated after a death at any point, as
 * the range is read from an image that is never written to. Where the range is zeros, only what is not is written. Throws
 * `refused` for a range that does not lie on both disks, `in-use`, `source-changed`, `not-writable`, `input-output`.
 */
export async function copyRange(copy: RangeCopy, options: CopyRangeOptions): Promise<void> {
  const { input, work, start, length, to } = copy
  const { signal } = options
  await using opened = await openInput(input, { io: 'async', signal })
  const { disk, files } = opened
  using guard = await guardFiles(files, { signal })
  await using target = await open(work, 'r+').catch((error: unknown) => {
    throw readError(error, work)
  })
  const stats = await target.stat()
  const size = stats.isBlockDevice() ? (hostFileRanges().deviceSize(target.fd) ?? 0) : stats.size
  assertWithin(disk.virtualSize, { file: input.path, start, length })
  assertWithin(size, { file: work, start: to, length })
  const pass = { disk, target, start, length, to, signal }
  await eachPiece(pass, async (piece, at) => {
    const there = new Uint8Array(piece.length)
    const isThere = isZero(piece) && (await readWhole(target, there, at)) === there.length && isZero(there)
    if (!isThere) await writeWhole(target, piece, at).catch(cannotWrite)
    options.onProgress(at - to, length * 2)
  })
  await target.sync().catch(cannotWrite)
  await eachPiece(pass, async (piece, at) => {
    const there = new Uint8Array(piece.length)
    const bytes = await readWhole(target, there, at)
    if (bytes !== piece.length || Buffer.compare(there, piece) !== 0)
      throw new DiskError('input-output', {
        file: work,
        reason: `what was written at byte ${at} reads back as something else`,
      })
    options.onProgress(length + at - to, length * 2)
  })
  await assertUnchanged(files)
  await guard.assertNone()

  function cannotWrite(error: unknown): never {
    throw writeError(error, work)
  }
}

interface Pass {
  readonly disk: DiskReader
  readonly target: FileHandle
  readonly start: number
  readonly length: number
  readonly to: number
  readonly signal: AbortSignal
}

/** Calls `take` with each piece of the range, and its byte of the target. */
async function eachPiece(
  { disk, start, length, to, signal }: Pass,
  take: (piece: Uint8Array, at: number) => Promise<void>,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(pieceBytes, length))
  for (let done = 0; done < length; done += buffer.length) {
    signal.throwIfAborted()
    const piece = buffer.subarray(0, Math.min(buffer.length, length - done))
    await disk.readInto(piece, start + done, { signal })
    await take(piece, to + done)
  }
}

function assertWithin(
  size: number,
  { file, start, length }: { readonly file: string; readonly start: number; readonly length: number },
): void {
  if (start + length <= size) return
  throw new DiskError('refused', {
    file,
    reason: `bytes ${start} to ${start + length} do not lie on its disk of ${size} bytes`,
    remedy: 'Start again: the original is as it was.',
  })
}
