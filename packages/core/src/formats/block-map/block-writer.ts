import { isZero } from '../../binary/zero-scan.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type { DiskWriter, FileWrite, PreparedChunk } from '../disk-writer.ts'

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

interface BlockChunk extends PreparedChunk {
  readonly bytes: Uint8Array
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
      const starts: number[] = []
      for (let start = 0; start < chunk.length; start += blockSize) {
        if (!isZero(chunk, { start, end: Math.min(chunk.length, start + blockSize) })) starts.push(start)
      }
      return { index, bytes: chunk, starts, first: 0 }
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
      const { index, bytes, starts, first } = asBlockChunk(prepared)
      const firstBlock = (index * chunkSize) / blockSize
      for (let order = 0; order < starts.length;) {
        const start = starts[order] ?? 0
        const place = isFixed ? firstBlock + start / blockSize : first + order
        const at = dataAt + place * stride
        let count = 1
        if (prefix.length === 0) while (starts[order + count] === start + count * blockSize) count += 1
        else yield { at, bytes: prefix }
        yield {
          at: at + prefix.length,
          bytes: bytes.subarray(start, Math.min(bytes.length, start + count * blockSize)),
        }
        order += count
      }
    },
    finish: () => finish(places),
    fileSize: () => fileSize(places.count),
  }
}

function asBlockChunk(prepared: PreparedChunk): BlockChunk {
  if ('starts' in prepared && 'first' in prepared) return prepared as BlockChunk
  throw new TypeError('a chunk that another writer prepared')
}
