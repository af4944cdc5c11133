import { equalBytes } from '../../binary/equal-bytes.ts'
import { dataRuns, isZero } from '../../binary/zero-scan.ts'
import type { ByteRange } from '../../ranges/byte-range.ts'

/** Runs of zeros of at least this many bytes stay holes of the file. */
const holeSize = 4096

/** A block of which an overlay says something: it differs from what lies below. */
export interface DifferingBlock {
  /** Where it starts and ends in its chunk. */
  readonly start: number
  readonly end: number
  /** `parts`: the rest of it is that of the image below. */
  readonly kind: 'zeros' | 'whole' | 'parts'
  /** What differs, in units, within the chunk: start, end, start, end, … */
  readonly runs: readonly number[]
}

export interface DifferingUnits {
  /** A divisor of a chunk. */
  readonly blockSize: number
  /** Bytes that are told apart, a divisor of a block. */
  readonly unit: number
}

/** The blocks of `chunk` that are not what lies below; nothing given below: zeros. */
export function differingBlocks(
  chunk: Uint8Array,
  below: Uint8Array | undefined,
  { blockSize, unit }: DifferingUnits,
): DifferingBlock[] {
  const blocks: DifferingBlock[] = []
  for (let start = 0; start < chunk.length; start += blockSize) {
    const end = Math.min(chunk.length, start + blockSize)
    const runs = differingRuns(chunk, below, { start, end, unit })
    if (runs.length === 0) continue
    const isWhole = runs.length === 2 && runs[0] === start && runs[1] === end
    const kind = isZero(chunk, { start, end }) ? 'zeros' : isWhole ? 'whole' : 'parts'
    blocks.push({ start, end, kind, runs })
  }
  return blocks
}

function differingRuns(
  chunk: Uint8Array,
  below: Uint8Array | undefined,
  { start, end, unit }: ByteRange & { readonly unit: number },
): number[] {
  const runs: number[] = []
  let didDiffer = false
  for (let at = start; at < end; at += unit) {
    const range = { start: at, end: Math.min(end, at + unit) }
    const differs = below ? !equalBytes(chunk, below, range) : !isZero(chunk, range)
    if (differs !== didDiffer) runs.push(at)
    didDiffer = differs
  }
  if (didDiffer) runs.push(end)
  return runs
}

/** The parts of `chunk` to write for a block: what differs, without zeros, which are holes of a new file. */
export function* dataToWrite(
  chunk: Uint8Array,
  { runs }: Pick<DifferingBlock, 'runs'>,
): Generator<ByteRange> {
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const [start = 0, end = 0] = [runs[i], runs[i + 1]]
    const data = dataRuns(chunk.subarray(start, end), holeSize)
    for (let j = 0; j + 1 < data.length; j += 2)
      yield { start: start + (data[j] ?? 0), end: start + (data[j + 1] ?? 0) }
  }
}

export interface BitmapShape {
  /** Bytes of the bitmap. */
  readonly length: number
  /** Bytes per bit. */
  readonly sectorSize: number
  /** VHD counts from the highest bit of each byte, VHDX from the lowest. */
  readonly bitOrder: 'highest-first' | 'lowest-first'
}

/** The bitmap that says which sectors of a block are its own. */
export function sectorBitmap(
  { start, runs }: Pick<DifferingBlock, 'start' | 'runs'>,
  { length, sectorSize, bitOrder }: BitmapShape,
): Uint8Array {
  const bitmap = new Uint8Array(length)
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const first = ((runs[i] ?? 0) - start) / sectorSize
    const last = Math.ceil(((runs[i + 1] ?? 0) - start) / sectorSize)
    for (let sector = first; sector < last; sector += 1) {
      const bit = bitOrder === 'lowest-first' ? sector % 8 : 7 - (sector % 8)
      bitmap[sector >> 3] = (bitmap[sector >> 3] ?? 0) | (1 << bit)
    }
  }
  return bitmap
}
