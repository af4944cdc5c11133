import type { ByteSource } from '../../binary/byte-source.ts'
import type { ByteRange } from '../../ranges/byte-range.ts'
import { loadCache } from '../../binary/load-cache.ts'
import { mergeExtentStream, type Extent, type ExtentContent } from '../../ranges/extent.ts'
import { assertOnDisk, clampToDisk } from '../../disk/disk-range.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { absentBlock, dataOffset, isPartial, type BlockTable, type SectorBitmaps } from './block-table.ts'

export interface BlockDiskOptions {
  readonly name: string
  readonly virtualSize: number
  /** The file that holds the blocks. */
  readonly source: ByteSource
  readonly table: BlockTable
  /** For formats whose blocks can be partly present. */
  readonly bitmaps?: SectorBitmaps
}

/** Bytes of table pages kept in memory. */
const pageCacheBytes = 8 * 1024 * 1024
/** Bytes of sector bitmaps kept in memory. */
const bitmapCacheBytes = 4 * 1024 * 1024

/** A run of one content: where it is in the file when it is data. */
interface Run {
  readonly start: number
  readonly end: number
  readonly content: ExtentContent
  readonly at: number
}

/**
 * One layer of a format that maps blocks of equal size by a table: VHD, VHDX, VDI, Parallels and their kin.
 * Neighbouring blocks that follow each other in the file are read by one call.
 */
export function blockDisk(options: BlockDiskOptions): DiskReader {
  const { name, virtualSize, source, table } = options
  const runs = runsOf(options)
  const disk: DiskReader = {
    name,
    virtualSize,
    extents: (range, { signal } = {}) => mergeExtentStream(extentsOf(runs, clampToDisk(disk, range), signal)),
    async readInto(target, at, { signal } = {}) {
      const range = { start: at, end: at + target.length }
      assertOnDisk(disk, range)
      let pending = null as Run | null
      const flush = async (run: Run) => {
        signal?.throwIfAborted()
        const part = target.subarray(run.start - at, run.end - at)
        if (run.content === 'data') await source.readInto(part, run.at)
        else part.fill(0)
      }
      for (let position = range.start; position < range.end;) {
        const found = runs(position, range.end)
        const run: Run = found instanceof Promise ? await found : found
        if (pending && follows(pending, run)) pending = { ...pending, end: run.end }
        else {
          if (pending) await flush(pending)
          pending = run
        }
        position = run.end
      }
      if (pending) await flush(pending)
    },
  }
  if (table.blockCount * table.blockSize < virtualSize)
    throw new RangeError(`${name}: the table does not cover the disk`)
  return disk
}

function follows(before: Run, run: Run): boolean {
  if (before.content !== run.content) return false
  return run.content !== 'data' || before.at + (before.end - before.start) === run.at
}

async function* extentsOf(
  runs: FindRun,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Extent> {
  for (let position = start; position < end;) {
    const found = runs(position, end)
    if (found instanceof Promise) signal?.throwIfAborted()
    const run = found instanceof Promise ? await found : found
    yield { start: run.start, length: run.end - run.start, content: run.content }
    position = run.end
  }
}

/** What remembering a page without blocks takes, about. */
const absentPageBytes = 64

/** The run that starts at `position`, not beyond `end`; a promise only when something must be read. */
type FindRun = (position: number, end: number) => Run | Promise<Run>

function runsOf({ table, bitmaps }: BlockDiskOptions): FindRun {
  const { blockSize, pageLength } = table
  const pageSpan = blockSize * pageLength
  const pages = loadCache<Float64Array | null>({
    maxBytes: pageCacheBytes,
    sizeOf: (page) => page?.byteLength ?? absentPageBytes,
  })
  const findPartial = bitmaps ? partialRuns(table, bitmaps) : null

  const inPage = (values: Float64Array | null, position: number, end: number): Run | Promise<Run> => {
    const page = Math.floor(position / pageSpan)
    const last = Math.min(end, (page + 1) * pageSpan)
    if (values === null) return { start: position, end: last, content: 'absent', at: 0 }
    const firstBlock = Math.floor(position / blockSize)
    const value = values[firstBlock - page * pageLength] ?? absentBlock
    const blockEnd = Math.min(last, (firstBlock + 1) * blockSize)
    const into = position - firstBlock * blockSize
    if (isPartial(value)) {
      if (!findPartial) throw new RangeError('a partial block in a format without bitmaps')
      return findPartial({ block: firstBlock, value, start: position, end: blockEnd })
    }
    let runEnd = blockEnd
    const step = value >= 0 ? blockSize : 0
    for (let block = firstBlock + 1; runEnd < last; block += 1) {
      if (values[block - page * pageLength] !== value + (block - firstBlock) * step) break
      runEnd = Math.min(last, (block + 1) * blockSize)
    }
    if (value >= 0) return { start: position, end: runEnd, content: 'data', at: value + into }
    return { start: position, end: runEnd, content: value === absentBlock ? 'absent' : 'zero', at: 0 }
  }
  return (position, end) => {
    const page = Math.floor(position / pageSpan)
    const values = pages.peek(page)
    return values !== undefined
      ? inPage(values, position, end)
      : pages.get(page, () => table.loadPage(page)).then((loaded) => inPage(loaded, position, end))
  }
}

interface PartialBlock {
  readonly block: number
  readonly value: number
  readonly start: number
  readonly end: number
}

/** Finds the run of sectors with equal bits in a partly present block. */
function partialRuns(
  { blockSize }: BlockTable,
  bitmaps: SectorBitmaps,
): (block: PartialBlock) => Run | Promise<Run> {
  const { sectorSize, bitOrder, unset } = bitmaps
  const cache = loadCache<Uint8Array>({ maxBytes: bitmapCacheBytes, sizeOf: ({ byteLength }) => byteLength })
  const isSet =
    bitOrder === 'highest-first'
      ? (bitmap: Uint8Array, bit: number) => (((bitmap[bit >>> 3] ?? 0) >>> (7 - (bit & 7))) & 1) === 1
      : (bitmap: Uint8Array, bit: number) => (((bitmap[bit >>> 3] ?? 0) >>> (bit & 7)) & 1) === 1
  const find = (bitmap: Uint8Array, { block, value, start, end }: PartialBlock): Run => {
    const blockStart = block * blockSize
    const first = Math.floor((start - blockStart) / sectorSize)
    const isPresent = isSet(bitmap, first)
    const whole = isPresent ? 0xff : 0
    let bit = first + 1
    const lastBit = Math.ceil((end - blockStart) / sectorSize)
    while (bit < lastBit) {
      if ((bit & 7) === 0 && bit + 8 <= lastBit && bitmap[bit >>> 3] === whole) bit += 8
      else if (isSet(bitmap, bit) === isPresent) bit += 1
      else break
    }
    const runEnd = Math.min(end, blockStart + bit * sectorSize)
    if (!isPresent) return { start, end: runEnd, content: unset, at: 0 }
    return { start, end: runEnd, content: 'data', at: dataOffset(value) + (start - blockStart) }
  }
  return (partial) => {
    const { block, value } = partial
    const cached = cache.peek(block)
    if (cached) return find(cached, partial)
    return cache.get(block, () => bitmaps.load(block, value)).then((bitmap) => find(bitmap, partial))
  }
}
