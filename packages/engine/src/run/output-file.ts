import { type FileHandle, lstat, open, unlink } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname } from 'node:path'
import type { FileWrite, Reservation } from '@varve/core/image/disk-writer'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { DiskError } from '@varve/core/problems/disk-error'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { assertNameFits, namedBy } from '../files/staged-name.ts'
import { syncPath } from '../files/sync-file.ts'
import { systemCode, writeError } from '../system/system-error.ts'
import { zeroChunk } from './zero-chunk.ts'
import { writeWhole } from '../files/whole.ts'

/** `synced`: the file and its name are on the medium when the call returns; `cached`: the system writes them later. */
export type Durability = 'synced' | 'cached'

/** A file that is being written; it is removed again at disposal unless it was kept. */
export interface OutputFile extends AsyncDisposable {
  readonly fd: number
  readonly path: string
  /** Whether blocks should be allocated before they are written to. */
  readonly allocates: boolean
  write(writes: Iterable<FileWrite>): Promise<void>
  /** Takes room before any data is written; where the filesystem does not reserve blocks, by writing zeros. */
  reserve(reservations: Iterable<Reservation>, signal?: AbortSignal): Promise<void>
  /** Sets the final size and keeps the file. */
  keep(size: number, durability: Durability): Promise<void>
}

export interface OutputOptions {
  /** Whether the filesystem is to write it in place; throws `refused` where it does not do that. */
  readonly noCow?: boolean | undefined
}

/** Creates the file `path`, which must not exist; throws `target-exists`, `not-writable`, `no-space`. */
export async function createOutput(path: string, { noCow = false }: OutputOptions = {}): Promise<OutputFile> {
  if (!path.isWellFormed() || path.includes('\uFFFD')) throw new DiskError('name-not-utf8', { file: path })
  assertNameFits(namedBy(path))
  const handle = await attempt(path, async () =>
    open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o644),
  )
  if (noCow && !hostFileRanges().writeInPlace(handle.fd)) {
    await handle.close()
    await unlink(path)
    throw notInPlace(path)
  }
  hostFileRanges().keepHoles(handle.fd, path)
  let isKept = false
  return {
    fd: handle.fd,
    path,
    allocates: hostFileRanges().allocatesFaster(dirname(path)),
    async write(writes) {
      for (const { at, bytes } of writes) await attempt(path, async () => writeWhole(handle, bytes, at))
    },
    async reserve(reservations, signal) {
      for (const { at, length, how } of reservations) {
        const range = { start: at, end: at + length }
        await attempt(path, async () => {
          const isReserved =
            length === 0 || (how === 'allocate' && hostFileRanges().allocate(handle.fd, range))
          if (!isReserved) await writeZeros(handle, range, signal)
        })
      }
    },
    async keep(size, durability) {
      await attempt(path, async () => {
        await handle.truncate(size)
        if (durability === 'synced') {
          await handle.sync()
          await syncPath(dirname(path))
        }
      })
      isKept = true
    },
    async [Symbol.asyncDispose]() {
      const { dev, ino } = await handle.stat()
      await handle.close()
      if (!isKept) await removeSame(path, { dev, ino })
    },
  }
}

function notInPlace(file: string): DiskError {
  const reason = 'its filesystem does not take the attribute by which a file is written in place (chattr +C)'
  return new DiskError('refused', { file, reason, remedy: 'Leave out --no-cow, or take a folder on Btrfs.' })
}

async function writeZeros(
  handle: FileHandle,
  { start, end }: ByteRange,
  signal?: AbortSignal,
): Promise<void> {
  for (let at = start; at < end; at += zeroChunk.length) {
    signal?.throwIfAborted()
    await writeWhole(handle, zeroChunk.subarray(0, end - at), at)
  }
}

/** Removes `path` if it is still that file. */
async function removeSame(path: string, file: { readonly dev: number; readonly ino: number }): Promise<void> {
  try {
    const { dev, ino } = await lstat(path)
    if (dev === file.dev && ino === file.ino) await unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw writeError(error, path)
  }
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw writeError(error, path)
  }
}
