import { chunkCount, chunkLength, chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { DiskError } from '@varve/core/problems/disk-error'
import { openInput } from '../run/open-input.ts'
import { orCanceled } from '../run/or-canceled.ts'
import { isZeroChunk } from '../run/zero-chunk.ts'
import type { RunOptions } from '../run/run-options.ts'
import { copyDisk, type DiskSink } from './disk-copy.ts'
import type { WrittenDevice } from './write-device.ts'

export interface DeviceProof {
  readonly path: string
  /** Bytes from the start that are the disk; behind it zeros are due. */
  readonly virtualSize: number
  /** The digest that the disk must have. */
  readonly expected: string
}

/** Reads a block device back as a disk; throws `digest-mismatch` when it is another disk, or when something follows it. */
export async function proveDevice(
  proof: DeviceProof,
  options: Pick<RunOptions, 'signal' | 'onProgress'> = {},
): Promise<WrittenDevice> {
  const { path, expected } = proof
  const cancelable = { signal: options.signal, file: path, what: 'the reading back of the volume' }
  return await orCanceled(cancelable, async () => {
    const found = await read(proof, options)
    if (found.digest === expected) return found
    throw new DiskError('digest-mismatch', { file: path, expected, found: found.digest, chunk: null })
  })
}

async function read(
  { path, virtualSize, expected }: DeviceProof,
  options: Pick<RunOptions, 'signal' | 'onProgress'>,
): Promise<WrittenDevice> {
  const started = performance.now()
  const { signal } = options
  // Nobody else has it open: the kernel has forgotten what it kept of it, and reads it from the medium.
  const input = { kind: 'image', path, roots: null, format: 'raw' } as const
  await using opened = await openInput(input, { io: 'async', ...(signal && { signal }) })
  const whole = opened.disk
  if (whole.virtualSize < virtualSize)
    throw new DiskError('digest-mismatch', { file: path, expected, found: 'a shorter disk', chunk: null })
  const disk = beginningOf(whole, virtualSize)
  const copied = await copyDisk(disk, nowhere, {
    ...options,
    finish: async () => assertNothingBehind(whole, { path, virtualSize, expected }, signal),
  })
  return { ...copied, seconds: (performance.now() - started) / 1000 }
}

/** What is only read. */
const nowhere: DiskSink = { async write() {}, async zero() {} }

async function assertNothingBehind(
  disk: DiskReader,
  { path, virtualSize, expected }: DeviceProof,
  signal: AbortSignal | undefined,
): Promise<void> {
  const rest = disk.virtualSize - virtualSize
  const buffer = new Uint8Array(Math.min(chunkSize, rest))
  for (let index = 0; index < chunkCount(rest); index += 1) {
    signal?.throwIfAborted()
    const bytes = buffer.subarray(0, chunkLength(rest, index))
    await disk.readInto(bytes, virtualSize + index * chunkSize)
    if (!isZeroChunk(bytes))
      throw new DiskError('digest-mismatch', {
        file: path,
        expected,
        found: 'the disk, and something behind its end',
        chunk: null,
      })
  }
}

function beginningOf(disk: DiskReader, virtualSize: number): DiskReader {
  return {
    name: disk.name,
    virtualSize,
    extents: (range, options) => disk.extents(range, options),
    readInto: async (target, at, options) => disk.readInto(target, at, options),
  }
}
