import { equalBytes } from '../../binary/equal-bytes.ts'
import { isZero } from '../../binary/zero-scan.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { DiskWriter, FileWrite, PreparedChunk } from '../../image/disk-writer.ts'
import { sectorSize, sparseFlags, sparseHeader } from './sparse-header.ts'
import {
  descriptorSectors,
  grainSectors,
  grainSize,
  maxFileSectors,
  tableEntries,
  tableSectors,
  type SparsePlaces,
} from './sparse-layout.ts'

/** A sparse extent to be written; its place on the disk starts and ends at a chunk. */
export interface SparsePart {
  /** Index of its file as in `FileWrite`. */
  readonly file: number
  /** Byte of the disk at which it starts. */
  readonly start: number
  readonly places: SparsePlaces
}

export interface SparseWriterOptions {
  readonly virtualSize: number
  /** All but the last hold `spread` bytes. */
  readonly parts: readonly SparsePart[]
  readonly spread: number
  /** Written last, before the header of the image itself if it has one. */
  readonly descriptor: Uint8Array
  readonly state: ArrayBufferLike
}

interface SparseChunk extends PreparedChunk {
  readonly bytes: Uint8Array
  /** The grains that are not all zero, or over a parent differ from it: where each starts in `bytes`. */
  readonly starts: readonly number[]
  /** Whether grains of zeros are among them: they are holes of the file. */
  readonly mayBeZero: boolean
  /** Sector of the first of them in the file; the others follow. */
  sector: number
}

/** Entries of a grain directory written at a time. */
const directoryPart = 16 * 1024

/** Bytes of shared state: the grains taken of each extent. */
export function sparseStateSize(parts: number): number {
  return parts * 4
}

/** Writes hosted sparse extents in grains of 64 KiB; grains of zeros are absent, over a parent those that are as below. */
export function sparseWriter(options: SparseWriterOptions): DiskWriter {
  const { virtualSize, parts, spread, descriptor, state } = options
  const taken = new Uint32Array(state, 0, parts.length)
  const partOf = (index: number) => {
    const order = Math.floor((index * chunkSize) / spread)
    const part = parts[order]
    if (part) return { ...part, order }
    throw new RangeError(`chunk ${index} is past the end`)
  }
  return {
    prepare(index, chunk, below): SparseChunk {
      const starts = below
        ? differingGrains({ virtualSize, index, chunk }, below)
        : dataGrains(virtualSize, index, chunk)
      return { index, bytes: chunk, starts, mayBeZero: below !== undefined, sector: 0 }
    },
    place(prepared) {
      const chunk = asSparseChunk(prepared)
      const { order, places } = partOf(chunk.index)
      const before = taken[order] ?? 0
      const count = before + chunk.starts.length
      chunk.sector = places.overHead + before * grainSectors
      if (places.overHead + count * grainSectors > maxFileSectors) throw tooMuchData(virtualSize)
      taken[order] = count
    },
    *writes(prepared) {
      const chunk = asSparseChunk(prepared)
      if (chunk.starts.length === 0) return
      const { file, start, places } = partOf(chunk.index)
      yield* grainWrites(chunk, file)
      const firstEntry = (chunk.index * chunkSize - start) / grainSize
      const bytes = entriesOf(chunk)
      for (const tablesAt of [places.redundantTablesAt, places.tablesAt])
        yield { file, at: tablesAt * sectorSize + firstEntry * 4, bytes }
    },
    *finish() {
      for (const { file, places } of parts) {
        yield* directoryWrites(places, file)
        if (file !== 0) yield { file, at: 0, bytes: headerOf(places) }
      }
      const [first] = parts
      const isEmbedded = first?.file === 0
      yield { file: 0, at: isEmbedded ? sectorSize : 0, bytes: descriptor }
      if (first && isEmbedded) yield { file: 0, at: 0, bytes: headerOf(first.places) }
    },
    fileSize(file = 0) {
      const order = parts.findIndex((part) => part.file === file)
      const places = parts[order]?.places
      return places ? (places.overHead + (taken[order] ?? 0) * grainSectors) * sectorSize : descriptor.length
    },
  }
}

/** Where the grains that are not all zero start; throws RangeError for a chunk of another disk. */
export function dataGrains(virtualSize: number, index: number, chunk: Uint8Array): number[] {
  assertChunk({ virtualSize, index, chunk })
  const starts: number[] = []
  for (let start = 0; start < chunk.length; start += grainSize) {
    if (!isZero(chunk, { start, end: Math.min(chunk.length, start + grainSize) })) starts.push(start)
  }
  return starts
}

interface ChunkOfDisk {
  readonly virtualSize: number
  readonly index: number
  readonly chunk: Uint8Array
}

function assertChunk({ virtualSize, index, chunk }: ChunkOfDisk): void {
  if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index))
    throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
}

/** Where the grains start that are not what lies below. */
function differingGrains(place: ChunkOfDisk, below: Uint8Array): number[] {
  assertChunk(place)
  const { chunk } = place
  const starts: number[] = []
  for (let start = 0; start < chunk.length; start += grainSize) {
    if (!equalBytes(chunk, below, { start, end: Math.min(chunk.length, start + grainSize) }))
      starts.push(start)
  }
  return starts
}

/** Grains that follow each other on the disk go with one write, straight from the chunk. */
function* grainWrites({ bytes, starts, mayBeZero, sector }: SparseChunk, file: number): Generator<FileWrite> {
  for (let order = 0; order < starts.length;) {
    const start = starts[order] ?? 0
    let count = 1
    while (starts[order + count] === start + count * grainSize) count += 1
    const end = Math.min(bytes.length, start + count * grainSize)
    if (!mayBeZero || !isZero(bytes, { start, end }))
      yield { file, at: sector * sectorSize + order * grainSize, bytes: bytes.subarray(start, end) }
    order += count
  }
}

/** The grain table entries of a chunk: a part of one table. */
function entriesOf({ bytes, starts, sector }: SparseChunk): Uint8Array {
  const view = new DataView(new ArrayBuffer(Math.ceil(bytes.length / grainSize) * 4))
  for (const [order, start] of starts.entries())
    view.setUint32((start / grainSize) * 4, sector + order * grainSectors, true)
  return new Uint8Array(view.buffer)
}

function* directoryWrites(places: SparsePlaces, file: number): Generator<FileWrite> {
  const copies = [
    [places.redundantDirectoryAt, places.redundantTablesAt],
    [places.directoryAt, places.tablesAt],
  ] as const
  for (const [directoryAt, tablesAt] of copies) {
    for (let first = 0; first < places.tables; first += directoryPart) {
      const count = Math.min(directoryPart, places.tables - first)
      const view = new DataView(new ArrayBuffer(count * 4))
      for (let i = 0; i < count; i += 1) view.setUint32(i * 4, tablesAt + (first + i) * tableSectors, true)
      yield { file, at: directoryAt * sectorSize + first * 4, bytes: new Uint8Array(view.buffer) }
    }
  }
}

function headerOf(places: SparsePlaces): Uint8Array {
  return sparseHeader.write({
    magic: 'KDMV',
    version: 1,
    flags: sparseFlags.newlineTest | sparseFlags.redundantDirectory,
    capacity: places.capacity / sectorSize,
    grainSize: grainSectors,
    descriptorOffset: places.descriptorAt,
    descriptorSize: places.descriptorAt === 0 ? 0 : descriptorSectors,
    numGTEsPerGT: tableEntries,
    rgdOffset: places.redundantDirectoryAt,
    gdOffset: places.directoryAt,
    overHead: places.overHead,
    uncleanShutdown: 0,
    newlineTest: newlines,
    compressAlgorithm: 0,
  })
}

/** LF, space, CR, LF: a transfer in text mode changes them. */
export const newlines = Uint8Array.of(0x0a, 0x20, 0x0d, 0x0a)

export function tooMuchData(virtualSize: number): DiskError {
  return new DiskError('size-unsupported', {
    file: 'new VMDK',
    format: 'VMDK',
    size: virtualSize,
    reason: 'its data does not fit into one sparse file, which ends at 2 TiB',
  })
}

function asSparseChunk(prepared: PreparedChunk): SparseChunk {
  if ('starts' in prepared && 'sector' in prepared) return prepared as SparseChunk
  throw new TypeError('a chunk that another writer prepared')
}
