import { chmod, type FileHandle, open } from 'node:fs/promises'
import { constants } from 'node:fs'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { writeError } from '../system/system-error.ts'
import { openInside } from '../files/open-inside.ts'
import { writeWhole } from '../files/whole.ts'

const stepBytes = 1024 * 1024

export interface CopyFileOptions {
  readonly signal: AbortSignal
  /** The original lies inside these folders; left out or null: anywhere. */
  readonly roots?: readonly string[] | null
  /** Bytes of the file done and in all. */
  readonly onProgress: (done: number, total: number) => void
  /** Left out: this host's. */
  readonly ranges?: FileRanges
}

export interface CopiedFile {
  readonly bytes: number
  /** Bytes that share blocks with the original, where the filesystem can do that. */
  readonly sharedBytes: number
}

/**
 * Copies a file byte by byte, holes stay holes; blocks are shared where the filesystem can do that. `copy` must not exist. It is
 * on the medium when the call returns. Throws `source-changed` when the original was written to meanwhile.
 */
export async function copyFile(
  original: string,
  copy: string,
  { signal, roots = null, onProgress, ranges = hostFileRanges() }: CopyFileOptions,
): Promise<CopiedFile> {
  await using source = await openInside(original, roots)
  const before = await source.stat({ bigint: true })
  const bytes = Number(before.size)
  const isClone = await isClonedWhole(ranges, source, copy)
  const opening = isClone ? constants.O_RDWR : constants.O_RDWR | constants.O_CREAT | constants.O_EXCL
  await using target = await open(copy, opening, 0o600).catch((error: unknown) => {
    throw writeError(error, copy)
  })
  try {
    await target.chmod(Number(before.mode) & 0o777)
    const isShared = isClone || (await isFilled({ ranges, source, target, bytes }, copy))
    if (!isShared) await copyData({ ranges, source, target, bytes }, { signal, onProgress })
    // A clone has the times of its original; it is what it is since now.
    if (isClone) await target.utimes(new Date(), new Date())
    await target.sync()
    const after = await source.stat({ bigint: true })
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs)
      throw new DiskError('source-changed', {
        file: original,
        change: 'it was written to while it was copied',
      })
    onProgress(bytes, bytes)
    return { bytes, sharedBytes: isShared ? bytes : 0 }
  } catch (error) {
    throw error instanceof DiskError ? error : writeError(error, copy)
  }
}

/** Whether the file `copy` was made, with all blocks of the original. */
async function isClonedWhole(ranges: FileRanges, source: FileHandle, copy: string): Promise<boolean> {
  try {
    if (!ranges.cloneFile(source.fd, copy)) return false
    // It may be one that its owner may not write.
    await chmod(copy, 0o600)
    return true
  } catch (error) {
    throw writeError(error, copy)
  }
}

/** Gives the empty file its size, and, on a filesystem that shares blocks, all of the original, also its last block, which may be short. */
async function isFilled({ ranges, source, target, bytes }: Copying, copy: string): Promise<boolean> {
  ranges.keepHoles(target.fd, copy)
  await target.truncate(bytes)
  if (bytes === 0) return false
  const at = { sourceFd: source.fd, sourceAt: 0, targetFd: target.fd, targetAt: 0, length: bytes }
  try {
    return ranges.cloneRange(at)
  } catch {
    return false
  }
}

interface Copying {
  readonly ranges: FileRanges
  readonly source: FileHandle
  readonly target: FileHandle
  readonly bytes: number
}

async function copyData(
  { ranges, source, target, bytes }: Copying,
  { signal, onProgress }: Pick<CopyFileOptions, 'signal' | 'onProgress'>,
): Promise<void> {
  const buffer = new Uint8Array(stepBytes)
  for (
    let at = ranges.nextData(source.fd, 0) ?? bytes;
    at < bytes;
    at = ranges.nextData(source.fd, at) ?? bytes
  ) {
    const end = Math.min(ranges.nextHole(source.fd, at) ?? bytes, bytes)
    while (at < end) {
      signal.throwIfAborted()
      const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, end - at), at)
      // The file has become shorter; that is told by its size.
      if (bytesRead === 0) return
      await writeWhole(target, buffer.subarray(0, bytesRead), at)
      at += bytesRead
      onProgress(at, bytes)
    }
  }
}
