import type { ByteRange } from '../binary/byte-source.ts'
import type { DiskReader, ReadOptions } from '../formats/disk-reader.ts'
import type { FilesystemFinding, GuestContents } from './guest-contents.ts'
import type { AllocationSummary } from './image-report.ts'
import { encodeShares } from './shares.ts'

const maxCells = 2048
const cellUnit = 64 * 1024

/** A part of the disk of which a filesystem says how much is free. */
interface FreeRegion extends ByteRange {
  readonly free: number
}

/** A part of the disk inside one cell and at most one region. */
interface Piece {
  readonly end: number
  readonly cell: number
  /** Index into the regions, or −1. */
  readonly region: number
  data: number
  zero: number
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
  for (const { cell, region, data, zero } of pieces) {
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
function spareShares(pieces: readonly Piece[], regions: readonly FreeRegion[]) {
  const allocated = new Float64Array(regions.length)
  for (const { region, data } of pieces) if (region >= 0) add(allocated, region, data)
  let bytes = 0
  const shares = regions.map(({ start, end, free }, index) => {
    const data = allocated[index] ?? 0
    const spare = Math.max(0, data - (end - start - free))
    bytes += spare
    return data > 0 ? spare / data : 0
  })
  return { bytes, shares }
}

async function fillPieces(disk: DiskReader, pieces: readonly Piece[], options: ReadOptions): Promise<void> {
  let index = 0
  for await (const extent of disk.extents({ start: 0, end: disk.virtualSize }, options)) {
    options.signal?.throwIfAborted()
    const end = extent.start + extent.length
    let at = extent.start
    while (at < end) {
      const piece = pieces[index]
      if (!piece) return
      const covered = Math.min(end, piece.end)
      if (extent.content === 'data') piece.data += covered - at
      else if (extent.content === 'zero') piece.zero += covered - at
      at = covered
      if (at === piece.end) index += 1
    }
  }
}

function cutIntoPieces(size: number, cellSize: number, regions: readonly FreeRegion[]): Piece[] {
  const pieces: Piece[] = []
  let region = 0
  for (let at = 0; at < size;) {
    while ((regions[region]?.end ?? Infinity) <= at) region += 1
    const current = regions[region]
    const isInside = current !== undefined && current.start <= at
    const cell = Math.floor(at / cellSize)
    const end = Math.min(size, (cell + 1) * cellSize, (isInside ? current.end : current?.start) ?? Infinity)
    pieces.push({ end, cell, region: isInside ? region : -1, data: 0, zero: 0 })
    at = end
  }
  return pieces
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
