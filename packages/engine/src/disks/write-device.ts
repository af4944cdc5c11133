import type { FileHandle } from 'node:fs/promises'
import { dataRuns } from '@varve/core/binary/zero-scan'
import { Manifest, chunkSize } from '@varve/core/digest/disk-digest'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { writeWhole } from '../files/whole.ts'
import { guarded, guardFiles } from '../in-use/guard-files.ts'
import { hexRoot } from '../run/collect-leaves.ts'
import { openInput } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import type { DiskInput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { zeroChunk } from '../run/zero-chunk.ts'
import { writeError } from '../system/system-error.ts'
import { copyDisk, type CopiedDisk, type DiskSink } from './disk-copy.ts'
import { openDevice, type OpenDevice } from './open-device.ts'

export interface DeviceTarget {
  readonly path: string
  /** Whether it reads as zeros where nothing was written: zeros are left out then, and take no room. */
  readonly isBlank: boolean
}

export interface WrittenDevice extends CopiedDisk {
  readonly seconds: number
}

/**
 * Writes the disk `input` to the beginning of a block device and zeros behind it, and has it on the medium. It begins at the
 * start each time. Throws `in-use`, `not-writable`, `size-unsupported`, `no-space`, `source-changed`, `canceled`.
 */
export async function writeDevice(
  input: DiskInput,
  target: DeviceTarget,
  options: RunOptions = {},
): Promise<WrittenDevice> {
  const cancelable = { signal: options.signal, file: target.path, what: 'the writing of the volume' }
  return await orCanceled(cancelable, async () => write(input, target, options))
}

/** Has a whole block device read as zeros, on the medium; gives the digest of a disk of its first `size` bytes. */
export async function clearDevice(
  path: string,
  size: number,
  signal: AbortSignal,
): Promise<Pick<WrittenDevice, 'digest'>> {
  return await orCanceled({ signal, file: path, what: 'the clearing of the volume' }, async () => {
    await using device = await openDevice(path)
    assertRoom(path, device, size)
    await zeroDevice(device, path, { start: 0, end: device.size }, signal)
    await sync(device.handle, path)
    return { digest: blankDigest(size) }
  })
}

/** The digest of a disk that holds nothing. */
export function blankDigest(size: number): string {
  return hexRoot(new Manifest(size))
}

async function write(
  input: DiskInput,
  { path, isBlank }: DeviceTarget,
  options: RunOptions,
): Promise<WrittenDevice> {
  const started = performance.now()
  const { signal } = options
  await using opened = await openInput(input, { io: 'async', ...(signal && { signal }) })
  const { disk, files } = opened
  const { virtualSize } = disk
  await using device = await openDevice(path)
  assertRoom(path, device, virtualSize)
  using guard = await guardFiles(files, options)
  const copied = await copyDisk(disk, sinkOf(device, path, isBlank), {
    ...options,
    ...guarded(guard),
    async finish() {
      if (!isBlank) await zeroDevice(device, path, { start: virtualSize, end: device.size }, guard.signal)
      await sync(device.handle, path)
      await assertUnchanged(files)
      await guard.assertNone()
    },
  })
  return { ...copied, seconds: (performance.now() - started) / 1000 }
}

function assertRoom(file: string, { size }: OpenDevice, virtualSize: number): void {
  if (size >= virtualSize) return
  throw new DiskError('size-unsupported', {
    file,
    format: 'This volume',
    size: virtualSize,
    reason: `it has ${size} bytes`,
  })
}

function sinkOf(device: OpenDevice, path: string, isBlank: boolean): DiskSink {
  return {
    async write(bytes, at) {
      try {
        if (isBlank) await writeData(device.handle, bytes, at)
        else await writeWhole(device.handle, bytes, at)
      } catch (error) {
        throw writeError(error, path)
      }
    },
    async zero(range, { signal }) {
      if (!isBlank) await zeroDevice(device, path, range, signal)
    },
  }
}

/** No block of a thin pool or of ZFS that is of use is smaller. */
const blankBlock = 64 * 1024

/** Writes what is not zero: whatever is written to a thin volume takes room. */
async function writeData(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  const runs = dataRuns(bytes, blankBlock)
  for (let run = 0; run < runs.length; run += 2)
    await writeWhole(handle, bytes.subarray(runs[run], runs[run + 1]), at + (runs[run] ?? 0))
}

/** By the device's own command where it has one (fallocate(2) of a block device), else by writing. */
async function zeroDevice(
  { handle }: OpenDevice,
  path: string,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (let at = start; at < end; at += longestZeroes) {
      signal?.throwIfAborted()
      const piece = { start: at, end: Math.min(end, at + longestZeroes) }
      if (!hostFileRanges().punchHole(handle.fd, piece)) await writeZeros(handle, piece, signal)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw writeError(error, path)
  }
}

/** One call of the kernel that cannot be cut short. */
const longestZeroes = 64 * chunkSize

async function writeZeros(
  handle: FileHandle,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = start; at < end; at += chunkSize) {
    signal?.throwIfAborted()
    await writeWhole(handle, zeroChunk.subarray(0, end - at), at)
  }
}

async function sync(handle: FileHandle, path: string): Promise<void> {
  try {
    await handle.sync()
  } catch (error) {
    throw writeError(error, path)
  }
}
