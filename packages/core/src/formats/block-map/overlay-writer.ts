import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type { DiskWriter, FileWrite, PreparedChunk } from '../../image/disk-writer.ts'
import type { BlockLayout, BlockPlaces } from './block-writer.ts'
import { dataToWrite, differingBlocks, sectorBitmap, type DifferingBlock } from './differing-blocks.ts'

export interface OverlayBlocksOptions {
  readonly layout: Pick<BlockLayout, 'virtualSize' | 'blockSize' | 'dataAt'>
  /** Bytes that are told apart; those of a block where it is there whole or not at all. */
  readonly unit: number
  /** The bitmap of sectors in front of each block; null: none. */
  readonly bitmap: { readonly length: number; readonly sectorSize: number } | null
  /** Whether the table has an entry for a block of zeros, which then takes no room. */
  readonly marksZeros: boolean
  readonly state: ArrayBufferLike
  readonly finish: (places: BlockPlaces) => Iterable<FileWrite>
  readonly fileSize: (blockCount: number) => number
}

/** What `BlockPlaces.placeOf` says of a block of zeros that takes no room. */
export const zerosPlace = -2
const zerosMark = 0xffff_ffff

interface OverlayChunk extends PreparedChunk {
  readonly bytes: Uint8Array
  readonly differing: readonly DifferingBlock[]
  /** The place of the first of them that takes room. */
  first: number
}

/** Writes an overlay of a format that maps blocks of equal size by a table; the state is that of `blockWriter`. */
export function overlayBlockWriter(options: OverlayBlocksOptions): DiskWriter {
  const { layout, unit, bitmap, marksZeros, state, finish, fileSize } = options
  const { virtualSize, blockSize, dataAt } = layout
  const prefix = bitmap?.length ?? 0
  const taken = new Uint32Array(state, 0, 1)
  const marks = new Uint32Array(state, 4, Math.ceil(virtualSize / blockSize))
  const takesRoom = ({ kind }: DifferingBlock) => !(marksZeros && kind === 'zeros')
  const places: BlockPlaces = {
    get count() {
      return taken[0] ?? 0
    },
    placeOf(block) {
      const mark = marks[block] ?? 0
      return mark === zerosMark ? zerosPlace : mark - 1
    },
  }
  return {
    prepare(index, chunk, below): OverlayChunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index))
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      return { index, bytes: chunk, differing: differingBlocks(chunk, below, { blockSize, unit }), first: 0 }
    },
    place(prepared) {
      const chunk = asOverlayChunk(prepared)
      let next = taken[0] ?? 0
      chunk.first = next
      for (const block of chunk.differing) {
        const number = (chunk.index * chunkSize + block.start) / blockSize
        if (takesRoom(block)) next += 1
        marks[number] = takesRoom(block) ? next : zerosMark
      }
      taken[0] = next
    },
    *writes(prepared) {
      const { bytes, differing, first } = asOverlayChunk(prepared)
      for (const [order, block] of differing.filter(takesRoom).entries()) {
        const at = dataAt + (first + order) * (prefix + blockSize)
        if (bitmap) yield { at, bytes: sectorBitmap(block, { ...bitmap, bitOrder: 'highest-first' }) }
        for (const { start, end } of dataToWrite(bytes, block))
          yield { at: at + prefix + start - block.start, bytes: bytes.subarray(start, end) }
      }
    },
    finish: () => finish(places),
    fileSize: () => fileSize(places.count),
  }
}

function asOverlayChunk(prepared: PreparedChunk): OverlayChunk {
  if ('differing' in prepared && 'first' in prepared) return prepared as OverlayChunk
  throw new TypeError('a chunk that another writer prepared')
}
