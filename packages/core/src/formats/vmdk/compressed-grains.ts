import { releaseMemory } from '../../binary/release-memory.ts'
import { assertInside, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Codecs } from '../../image/image-files.ts'
import { grainContent, type GrainRun } from './grain-entry.ts'
import { sectorSize, type SparseLayout } from './sparse-header.ts'

/** Grain marker: u64 sector of the disk, u32 bytes of packed data, then the data ("Virtual Disk Format 5.0", Markers). */
const markerSize = 12
/** Bytes of packed grains read in one go. */
const maxBatch = 8 * 1024 * 1024

interface Batch {
  /** First grain, and the one after the last. */
  readonly first: number
  readonly end: number
  /** Where the batch starts in the file, and its length. */
  readonly at: number
  readonly length: number
}

/**
 * Reads deflated grains. Grains that follow each other in the file are fetched by one read; the grain unpacked last is
 * kept, for callers that read in small steps.
 */
export function compressedGrains(
  source: ByteSource,
  layout: SparseLayout,
  codecs: Codecs,
): (run: GrainRun) => Promise<void> {
  const { grainSize, capacity } = layout
  const file = source.name
  /** More than deflate ever makes of a grain, marker and padding included. */
  const mostPacked = grainSize + Math.ceil(grainSize / 8) + 2 * sectorSize
  const scratch: Uint8Array[] = []
  let kept: { grainAt: number; bytes: Uint8Array } = { grainAt: -1, bytes: new Uint8Array(0) }

  const unpack = (packed: Uint8Array, grainAt: number, offset: number): Uint8Array => {
    const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
    if (packed.length < markerSize) throw cutShort(file, markerSize, packed.length)
    const lba = view.getUint32(0, true) + view.getUint32(4, true) * 0x1_0000_0000
    if (lba * sectorSize !== grainAt) {
      throw corruptMarker(file, offset, `it belongs to sector ${lba}, not ${grainAt / sectorSize}`)
    }
    const size = view.getUint32(8, true)
    if (size === 0 || size + markerSize > mostPacked) {
      throw corruptMarker(file, offset, `${size} bytes of packed data for a grain of ${grainSize}`)
    }
    if (markerSize + size > packed.length) throw cutShort(file, markerSize + size, packed.length)
    const bytes = inflate(codecs, packed.subarray(markerSize, markerSize + size), { file, offset, grainSize })
    const wanted = Math.min(grainSize, capacity - grainAt)
    if (bytes.length >= wanted) return bytes
    const reason = `it holds ${bytes.length} bytes, the grain has ${wanted}`
    throw new DiskError('decompression-failed', { file, offset, reason })
  }

  const readBatch = async (batch: Batch, run: GrainRun): Promise<void> => {
    const memory = scratch.pop() ?? new Uint8Array(0)
    const buffer = memory.length >= batch.length ? memory : new Uint8Array(batch.length)
    const bytes = buffer.subarray(0, batch.length)
    await source.readInto(bytes, batch.at)
    for (let grain = batch.first; grain < batch.end; grain += 1) {
      const entry = run.table[grain] ?? 0
      const grainAt = run.tableAt + grain * grainSize
      if (grainContent(entry, layout, { file, grainAt }) !== 'data') {
        copyGrain(null, grainAt, { run, grainSize })
        continue
      }
      const offset = entry * sectorSize
      const start = offset - batch.at
      const unpacked = unpack(bytes.subarray(start, start + mostPacked), grainAt, offset)
      releaseMemory(kept.bytes)
      kept = { grainAt, bytes: unpacked }
      copyGrain(unpacked, grainAt, { run, grainSize })
    }
    if (scratch.length < 4) scratch.push(buffer)
  }

  return async (run) => {
    const { table, tableAt, target, at } = run
    const last = Math.floor((at + target.length - 1 - tableAt) / grainSize)
    for (let grain = Math.floor((at - tableAt) / grainSize); grain <= last;) {
      const grainAt = tableAt + grain * grainSize
      const content = grainContent(table[grain] ?? 0, layout, { file, grainAt })
      if (content !== 'data' || kept.grainAt === grainAt) {
        copyGrain(content === 'data' ? kept.bytes : null, grainAt, { run, grainSize })
        grain += 1
        continue
      }
      const batch = nextBatch(table, { first: grain, last, mostPacked, fileSize: source.size })
      assertInside(source, { start: batch.at, end: batch.at + batch.length }, 'VMDK grain')
      await readBatch(batch, run)
      grain = batch.end
    }
  }
}

interface BatchLimits {
  readonly first: number
  readonly last: number
  readonly mostPacked: number
  readonly fileSize: number
}

/** As many grains from `first` on as follow each other closely in the file. */
function nextBatch(table: Uint32Array, { first, last, mostPacked, fileSize }: BatchLimits): Batch {
  const at = (table[first] ?? 0) * sectorSize
  let previous = at
  let end = first + 1
  for (let grain = end; grain <= last; grain += 1) {
    const entry = table[grain] ?? 0
    if (entry <= 1) continue
    const start = entry * sectorSize
    if (start <= previous || start - previous > mostPacked || start + mostPacked - at > maxBatch) break
    previous = start
    end = grain + 1
  }
  const wanted = previous + mostPacked - at
  return { first, end, at, length: Math.max(markerSize, Math.min(wanted, fileSize - at)) }
}

/** The part of a grain that the read wants; null: zeros. */
function copyGrain(
  bytes: Uint8Array | null,
  grainAt: number,
  { run, grainSize }: { run: GrainRun; grainSize: number },
): void {
  const start = Math.max(grainAt, run.at)
  const end = Math.min(grainAt + grainSize, run.at + run.target.length)
  if (bytes === null) run.target.fill(0, start - run.at, end - run.at)
  else run.target.set(bytes.subarray(start - grainAt, end - grainAt), start - run.at)
}

function inflate(
  codecs: Codecs,
  packed: Uint8Array,
  { file, offset, grainSize }: { file: string; offset: number; grainSize: number },
): Uint8Array {
  try {
    return codecs.inflate(packed, grainSize)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DiskError('decompression-failed', { file, offset, reason }, { cause: error })
  }
}

function corruptMarker(file: string, offset: number, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure: 'VMDK grain marker', reason, offset })
}

function cutShort(file: string, wanted: number, available: number): DiskError {
  return new DiskError('truncated', { file, structure: 'VMDK grain', wanted, available })
}
