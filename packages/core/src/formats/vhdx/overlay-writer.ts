import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import {
  dataToWrite,
  differingBlocks,
  sectorBitmap,
  type DifferingBlock,
} from '../block-map/differing-blocks.ts'
import type { DiskWriter, DiskWriterOptions, PreparedChunk } from '../../image/disk-writer.ts'
import { bitmapPresent, blockStates, payloadAt } from './bat.ts'
import { finalStructures } from './final-structures.ts'
import { mib } from './header.ts'
import type { VhdxLayout } from './layout.ts'

/** Whole pages are told apart, which are whole sectors of either size. */
const unit = 4096

interface OverlayChunk extends PreparedChunk {
  readonly bytes: Uint8Array
  readonly differing: readonly DifferingBlock[]
  /** Byte offset in the file of each of them, and of the bitmap of its sectors; set by `place`. */
  readonly places: { readonly at: number; readonly bitmapAt: number | null }[]
}

/** Blocks that one bitmap tells of. */
function bitmapCount({ bat }: VhdxLayout): number {
  return Math.ceil(bat.blockCount / bat.chunkRatio)
}

/** Bytes of shared state: MiB taken, where each block and each bitmap lies in MiB, the state of each block. */
export function overlayStateSize(layout: VhdxLayout): number {
  const { blockCount } = layout.bat
  return 4 * (1 + blockCount + bitmapCount(layout)) + blockCount
}

/** Writes a differencing VHDX: blocks of zeros are marked, others hold the pages that differ, told apart by sector bitmaps. */
export function openVhdxOverlay(layout: VhdxLayout, options: DiskWriterOptions): DiskWriter {
  const { virtualSize, dataAt, logicalSectorSize: sectorSize, bat } = layout
  const { blockSize, blockCount, chunkRatio } = bat
  const { state } = options
  const bitmaps = bitmapCount(layout)
  const taken = new Uint32Array(state, 0, 1)
  /** In MiB of the file, which starts with the header section: 0 is no place. */
  const blockAt = new Uint32Array(state, 4, blockCount)
  const bitmapAt = new Uint32Array(state, 4 * (1 + blockCount), bitmaps)
  const states = new Uint8Array(state, 4 * (1 + blockCount + bitmaps), blockCount)
  const bitmapBytes = blockSize / sectorSize / 8

  function take(bytes: number): number {
    const at = dataAt / mib + (taken[0] ?? 0)
    taken[0] = (taken[0] ?? 0) + bytes / mib
    return at
  }

  /** Where the bitmap of a block lies, which gets its place with the first block in part. */
  function placeOfBitmap(block: number): number {
    const group = Math.floor(block / chunkRatio)
    if (!bitmapAt[group]) bitmapAt[group] = take(mib)
    return bitmapAt[group] * mib + (block % chunkRatio) * bitmapBytes
  }

  function entryOf(index: number) {
    const block = payloadAt(bat, index)
    if (block !== null) {
      const found = states[block] ?? 0
      return found === blockStates.notPresent ? null : { state: found, offset: (blockAt[block] ?? 0) * mib }
    }
    const at = bitmapAt[Math.floor(index / (chunkRatio + 1))] ?? 0
    return at === 0 || index % (chunkRatio + 1) !== chunkRatio
      ? null
      : { state: bitmapPresent, offset: at * mib }
  }

  return {
    prepare(index, chunk, below): OverlayChunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index))
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      const differing = differingBlocks(chunk, below, { blockSize, unit })
      return { index, bytes: chunk, differing, places: [] }
    },
    place(prepared) {
      const chunk = asOverlayChunk(prepared)
      for (const { start, kind } of chunk.differing) {
        const block = (chunk.index * chunkSize + start) / blockSize
        states[block] = stateOf(kind)
        const place = kind === 'parts' ? placeOfBitmap(block) : null
        if (kind !== 'zeros') blockAt[block] = take(blockSize)
        chunk.places.push({ at: (blockAt[block] ?? 0) * mib, bitmapAt: place })
      }
    },
    *writes(prepared) {
      const { bytes, differing, places } = asOverlayChunk(prepared)
      for (const [order, block] of differing.entries()) {
        const place = places[order]
        if (!place || block.kind === 'zeros') continue
        if (place.bitmapAt !== null) {
          const bitmap = sectorBitmap(block, { length: bitmapBytes, sectorSize, bitOrder: 'lowest-first' })
          yield { at: place.bitmapAt, bytes: bitmap }
        }
        for (const { start, end } of dataToWrite(bytes, block))
          yield { at: place.at + start - block.start, bytes: bytes.subarray(start, end) }
      }
    },
    finish: () => finalStructures(layout, entryOf, options),
    fileSize: () => dataAt + (taken[0] ?? 0) * mib,
  }
}

function stateOf(kind: DifferingBlock['kind']): number {
  if (kind === 'zeros') return blockStates.zero
  return kind === 'whole' ? blockStates.fullyPresent : blockStates.partiallyPresent
}

function asOverlayChunk(prepared: PreparedChunk): OverlayChunk {
  if ('differing' in prepared && 'places' in prepared) return prepared as OverlayChunk
  throw new TypeError('a chunk that another writer prepared')
}
