import type { ByteRange } from '../../ranges/byte-range.ts'
import { dataRuns } from '../../binary/zero-scan.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type { DiskWriter, FileWrite, PreparedChunk } from '../../image/disk-writer.ts'

/** How a format lays out blocks of equal size: one after the other from `dataAt` on, each with its own prefix. */
export interface BlockLayout {
  readonly virtualSize: number
  /** A divisor of a chunk. */
  readonly blockSize: number
  /** Byte of the file where the first block, with its prefix, starts. */
  readonly dataAt: number
  /** What stands in front of the data of each block, such as a VHD's sector bitmap; empty for none. */
  readonly prefix: Uint8Array
  /** Where every block has its place whether it holds data or not, as in a fixed disk. */
  readonly isFixed: boolean
}

/** Which place each block has in the file, counted from 0; -1 for a block that was not written. */
export interface BlockPlaces {
  readonly count: number
  placeOf(block: number): number
}

export interface BlockWriterOptions {
  readonly layout: BlockLayout
  readonly state: ArrayBufferLike
  /** Tables and header, the header last, once all places are known. */
  readonly finish: (places: BlockPlaces) => Iterable<FileWrite>
  /** Bytes of a file with that many blocks. */
  readonly fileSize: (blockCount: number) => number
}

/** Runs of zeros inside a block that are left out, so that they stay holes of the file: whole pages, where blocks lie on them. */
const pageHole = 4096
/** Where they do not, each end of a run costs a part of a page. */
const unalignedHole = 64 * 1024

interface BlockChunk extends PreparedChunk {
  readonly bytes: Uint8Array
  /** Parts of `bytes` that hold data, in order: start, end, start, end, … */
  readonly runs: readonly number[]
  /** The blocks that are not all zero: where each starts in `bytes`. */
  readonly starts: readonly number[]
  /** The place of the first of them. */
  first: number
}

/** Bytes of shared state: how many places are taken, and the place of each block plus one. */
export function blockStateSize({
  virtualSize,
  blockSize,
}: Pick<BlockLayout, 'virtualSize' | 'blockSize'>): number {
  return 4 + 4 * Math.ceil(virtualSize / blockSize)
}

/** Writes formats that map blocks of equal size by a table; blocks of zeros are left out. */
export function blockWriter({ layout, state, finish, fileSize }: BlockWriterOptions): DiskWriter {
  const { virtualSize, blockSize, dataAt, prefix, isFixed } = layout
  const stride = prefix.length + blockSize
  const blockCount = Math.ceil(virtualSize / blockSize)
  const isAligned = (dataAt + prefix.length) % pageHole === 0 && stride % pageHole === 0
  const holeSize = isAligned ? pageHole : Math.min(blockSize, unalignedHole)
  const taken = new Uint32Array(state, 0, 1)
  const placesPlusOne = new Uint32Array(state, 4, blockCount)
  const places: BlockPlaces = {
    get count() {
      return isFixed ? blockCount : (taken[0] ?? 0)
    },
    placeOf: (block) => (isFixed ? block : (placesPlusOne[block] ?? 0) - 1),
  }
  return {
    prepare(index, chunk): BlockChunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index)) {
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      }
      const runs = dataRuns(chunk, holeSize)
      return { index, bytes: chunk, runs, starts: blocksOf(runs, blockSize), first: 0 }
    },
    place(prepared) {
      if (isFixed) return
      const chunk = asBlockChunk(prepared)
      const firstBlock = (chunk.index * chunkSize) / blockSize
      chunk.first = taken[0] ?? 0
      for (const [order, start] of chunk.starts.entries())
        placesPlusOne[firstBlock + start / blockSize] = chunk.first + order + 1
      taken[0] = chunk.first + chunk.starts.length
    },
    placesAreFixed: isFixed,
    *writes(prepared) {
      const { index, bytes, runs, starts, first } = asBlockChunk(prepared)
      const firstBlock = (index * chunkSize) / blockSize
      for (let order = 0; order < starts.length;) {
        const start = starts[order] ?? 0
        const place = isFixed ? firstBlock + start / blockSize : first + order
        const at = dataAt + place * stride
        let count = 1
        if (prefix.length === 0) while (starts[order + count] === start + count * blockSize) count += 1
        else yield { at, bytes: prefix }
        for (const run of runsIn(runs, { start, end: start + count * blockSize }))
          yield { at: at + prefix.length + run.start - start, bytes: bytes.subarray(run.start, run.end) }
        order += count
      }
    },
    finish: () => finish(places),
    fileSize: () => fileSize(places.count),
  }
}

/** Where each block starts that one of the runs touches. */
function blocksOf(runs: readonly number[], blockSize: number): number[] {
  const starts: number[] = []
  let next = 0
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const [start = 0, end = 0] = [runs[i], runs[i + 1]]
    for (next = Math.max(next, start - (start % blockSize)); next < end; next += blockSize) starts.push(next)
  }
  return starts
}

/** The parts of `range` that the runs cover. */
function* runsIn(runs: readonly number[], range: ByteRange): Generator<ByteRange> {
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const start = Math.max(range.start, runs[i] ?? 0)
    const end = Math.min(range.end, runs[i + 1] ?? 0)
    if (start < end) yield { start, end }
  }
}

function asBlockChunk(prepared: PreparedChunk): BlockChunk {
  if ('starts' in prepared && 'first' in prepared) return prepared as BlockChunk
  throw new TypeError('a chunk that another writer prepared')
}
