import { dataRuns } from '../../binary/zero-scan.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type {
  DiskWriter,
  DiskWriterOptions,
  FileWrite,
  PreparedChunk,
  WriterFormat,
} from '../../image/disk-writer.ts'
import { blockStates, payloadAt } from './bat.ts'
import { finalStructures } from './final-structures.ts'
import { mib } from './header.ts'
import { largestBlock, layoutVhdx } from './layout.ts'
import { openVhdxOverlay, overlayStateSize } from './overlay-writer.ts'

/** Runs of zeros of at least this many bytes, at multiples of it, stay holes of the file. */
const holeSize = 64 * 1024

interface VhdxChunk extends PreparedChunk {
  readonly bytes: Uint8Array
  /** Parts of `bytes` to write, in order: start, end, start, end, … */
  readonly runs: readonly number[]
  /** Byte offset of the chunk in the file, set by `place`. */
  at: number
}

/**
 * Writes VHDX: `dynamic` or `fixed`, with logical sectors of 512 or 4,096 bytes and an empty log; over another VHDX a differencing
 * one. A block has several chunks; it gets its place with the first of them that holds data. A prepared chunk keeps the caller's
 * memory until its writes are done.
 */
export const vhdxWriter: WriterFormat = {
  format: 'vhdx',
  unit: largestBlock,
  hasIdentity: true,
  stateSize(options) {
    const layout = layoutVhdx(options)
    return layout.parent ? overlayStateSize(layout) : 4 + 4 * layout.bat.blockCount
  },
  open: openVhdxWriter,
  measure({ virtualSize, dataBytes, subformat, choices }) {
    const { dataAt, isFixed, bat, parent } = layoutVhdx({ virtualSize, subformat, choices })
    const bitmaps = parent ? Math.ceil(bat.blockCount / bat.chunkRatio) * mib : 0
    const whole = bat.blockCount * bat.blockSize
    const data = Math.ceil(dataBytes / bat.blockSize) * bat.blockSize
    return dataAt + bitmaps + (isFixed ? whole : Math.min(data, whole))
  },
}

function openVhdxWriter(options: DiskWriterOptions): DiskWriter {
  const { virtualSize, state } = options
  const layout = layoutVhdx(options)
  if (layout.parent) return openVhdxOverlay(layout, options)
  const { isFixed, dataAt } = layout
  const { blockSize, blockCount } = layout.bat
  const taken = new Uint32Array(state, 0, 1)
  const placesPlusOne = new Uint32Array(state, 4, blockCount)

  function placeOf(block: number): number | null {
    if (isFixed) return block
    const place = placesPlusOne[block] ?? 0
    return place === 0 ? null : place - 1
  }

  function offsetOf(block: number): number | null {
    const place = placeOf(block)
    return place === null ? null : dataAt + place * blockSize
  }

  function entryOf(index: number) {
    const block = payloadAt(layout.bat, index)
    const offset = block === null ? null : offsetOf(block)
    return offset === null ? null : { state: blockStates.fullyPresent, offset }
  }

  return {
    prepare(index, chunk): VhdxChunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index)) {
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      }
      return { index, bytes: chunk, runs: dataRuns(chunk, holeSize), at: 0 }
    },
    place(prepared) {
      const chunk = asVhdxChunk(prepared)
      if (chunk.runs.length === 0) return
      const block = Math.floor((chunk.index * chunkSize) / blockSize)
      if (placeOf(block) === null) {
        taken[0] = (taken[0] ?? 0) + 1
        placesPlusOne[block] = taken[0]
      }
      chunk.at = (offsetOf(block) ?? 0) + chunk.index * chunkSize - block * blockSize
    },
    placesAreFixed: isFixed,
    *writes(prepared): Generator<FileWrite> {
      const { bytes, runs, at } = asVhdxChunk(prepared)
      for (let index = 0; index + 1 < runs.length; index += 2) {
        const start = runs[index] ?? 0
        yield { at: at + start, bytes: bytes.subarray(start, runs[index + 1]) }
      }
    },
    finish: () => finalStructures(layout, entryOf, options),
    fileSize: () => dataAt + (isFixed ? blockCount : (taken[0] ?? 0)) * blockSize,
  }
}

function asVhdxChunk(prepared: PreparedChunk): VhdxChunk {
  if ('runs' in prepared && 'at' in prepared) return prepared as VhdxChunk
  throw new TypeError('a chunk that another writer prepared')
}
