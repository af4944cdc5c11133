import type { ByteRange } from '../ranges/byte-range.ts'
import type { DiskReader, ReadOptions } from '../disk/disk-reader.ts'
import type { FilesystemFinding, GuestContents } from '../guest/guest-contents.ts'
import type { AllocationSummary } from '../image/image-report.ts'
import { encodeShares } from '../scan/shares.ts'

const maxCells = 2048
const cellUnit = 64 * 1024

/** A part of the disk of which a filesystem says how much is free. */
interface FreeRegion extends ByteRange {
  readonly free: number
}

/** Parts of the disk in order, each inside one cell and at most one region; one number of each list per part. */
interface Pieces {
  readonly count: number
  /** Byte after each. */
  readonly end: Float64Array
  readonly cell: Float64Array
  /** Index into the regions, or −1. */
  readonly region: Float64Array
  readonly data: Float64Array
  readonly zero: Float64Array
}

/**
 * What lies where on the disk, and how much of it the guest no longer uses, in one pass over its extents.
 * `reclaimable` is a lower bound in bytes: per region, what is allocated beyond what the filesystem uses there.
 */
export async function summariseAllocation(
  disk: DiskReader,
  guest: GuestContents | null,
  options: ReadOptions = {},
): Promise<{ allocation: AllocationSummary; reclaimable: number | null }> {
  const size = disk.virtualSize
  const cellSize = Math.max(1, Math.ceil(Math.ceil(size / maxCells) / cellUnit)) * cellUnit
  const cells = Math.ceil(size / cellSize)
  const regions = guest ? freeRegions(guest, size) : []
  const pieces = cutIntoPieces(size, cellSize, regions)
  await fillPieces(disk, pieces, options)

  const spare = spareShares(pieces, regions)
  const perCell = {
    data: new Float64Array(cells),
    zero: new Float64Array(cells),
    spare: new Float64Array(cells),
  }
  let dataBytes = 0
  let zeroBytes = 0
  for (let index = 0; index < pieces.count; index += 1) {
    const { cell, region, data, zero } = pieceAt(pieces, index)
    add(perCell.data, cell, data)
    add(perCell.zero, cell, zero)
    if (region >= 0) add(perCell.spare, cell, data * (spare.shares[region] ?? 0))
    dataBytes += data
    zeroBytes += zero
  }
  const bytesOf = (cell: number) => Math.min(cellSize, size - cell * cellSize)
  const isTold = regions.length > 0
  const allocation: AllocationSummary = {
    cellSize,
    data: encodeShares(perCell.data, bytesOf),
    zero: encodeShares(perCell.zero, bytesOf),
    reclaimable: isTold ? encodeShares(perCell.spare, bytesOf) : null,
    dataBytes,
    zeroBytes,
    absentBytes: size - dataBytes - zeroBytes,
  }
  return { allocation, reclaimable: isTold ? spare.bytes : null }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] ?? 0) + value
}

/** What each region holds allocated beyond its use: as bytes over all, and as a share of its data. */
function spareShares(pieces: Pieces, regions: readonly FreeRegion[]) {
  const allocated = new Float64Array(regions.length)
  for (let index = 0; index < pieces.count; index += 1) {
    const { region, data } = pieceAt(pieces, index)
    if (region >= 0) add(allocated, region, data)
  }
  let bytes = 0
  const shares = regions.map(({ start, end, free }, index) => {
    const data = allocated[index] ?? 0
    const spare = Math.max(0, data - (end - start - free))
    bytes += spare
    return data > 0 ? spare / data : 0
  })
  return { bytes, shares }
}

async function fillPieces(disk: DiskReader, pieces: Pieces, options: ReadOptions): Promise<void> {
  let index = 0
  for await (const extent of disk.extents({ start: 0, end: disk.virtualSize }, options)) {
    options.signal?.throwIfAborted()
    const end = extent.start + extent.length
    let at = extent.start
    const sums = extent.content === 'data' ? pieces.data : extent.content === 'zero' ? pieces.zero : null
    while (at < end) {
      if (index >= pieces.count) return
      const pieceEnd = pieces.end[index] ?? 0
      const covered = Math.min(end, pieceEnd)
      if (sums) add(sums, index, covered - at)
      at = covered
      if (at === pieceEnd) index += 1
    }
  }
}

function pieceAt({ cell, region, data, zero }: Pieces, index: number) {
  return {
    cell: cell[index] ?? 0,
    region: region[index] ?? -1,
    data: data[index] ?? 0,
    zero: zero[index] ?? 0,
  }
}

function cutIntoPieces(size: number, cellSize: number, regions: readonly FreeRegion[]): Pieces {
  // Each start and each end of a region cuts one cell in two.
  const most = Math.ceil(size / cellSize) + 2 * regions.length
  const [ends, cells, regionOf] = [new Float64Array(most), new Float64Array(most), new Float64Array(most)]
  let count = 0
  let region = 0
  for (let at = 0; at < size;) {
    while ((regions[region]?.end ?? Infinity) <= at) region += 1
    const current = regions[region]
    const isInside = current !== undefined && current.start <= at
    const cell = Math.floor(at / cellSize)
    const end = Math.min(size, (cell + 1) * cellSize, (isInside ? current.end : current?.start) ?? Infinity)
    ends[count] = end
    cells[count] = cell
    regionOf[count] = isInside ? region : -1
    count += 1
    at = end
  }
  const sums = { data: new Float64Array(count), zero: new Float64Array(count) }
  return { count, end: ends, cell: cells, region: regionOf, ...sums }
}

/** The regions in order and without overlap: a filesystem that overlaps an earlier one does not count. */
function freeRegions(guest: GuestContents, size: number): FreeRegion[] {
  const telling = guest.filesystems.filter((filesystem) => filesystem.free !== null && filesystem.free > 0)
  const regions = telling.flatMap((filesystem) => regionsOf(filesystem, guest))
  const inOrder = regions
    .filter(({ start, end }) => start >= 0 && start < end && end <= size)
    .sort((a, b) => a.start - b.start)
  const kept: FreeRegion[] = []
  for (const region of inOrder) if (region.start >= (kept.at(-1)?.end ?? 0)) kept.push(region)
  return kept
}

function regionsOf(filesystem: FilesystemFinding, guest: GuestContents): FreeRegion[] {
  if (filesystem.freeByRegion.length > 0) {
    return filesystem.freeByRegion.map(({ start, length, free }) => ({
      start,
      end: start + length,
      free: Math.min(free, length),
    }))
  }
  if (filesystem.size === null || filesystem.free === null || liesInPieces(filesystem, guest)) return []
  const length = Math.min(filesystem.size, filesystem.length)
  const { start } = filesystem
  return [{ start, end: start + length, free: Math.min(filesystem.free, length) }]
}

/** A filesystem on a logical volume of several runs: its total free space cannot be laid on one run of the disk. */
function liesInPieces({ start, length }: FilesystemFinding, guest: GuestContents): boolean {
  return guest.volumes.some(({ members }) =>
    members.some(
      ({ segments, length: memberLength }) =>
        segments.length > 1 && segments[0]?.start === start && memberLength === length,
    ),
  )
}
