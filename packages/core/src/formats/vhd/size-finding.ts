import { isZero } from '../../binary/zero-scan.ts'
import { GuestDisk } from '../../guest/guest-region.ts'
import { readPartitionTable } from '../../partitions/partition-table.ts'
import { isDiskError, quote } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { readVhdMetadata, type VhdMetadata } from './metadata.ts'
import { openVhd } from './reader.ts'
import { virtualSizeOf, type VhdSizes } from './sizes.ts'

/** Bytes behind the smaller size that are looked at; what is not looked at counts as data. */
const mostBytes = 32 * 1024 * 1024
const pieceSize = 1024 * 1024

/**
 * That programs disagree about the size of the disk, with both numbers; null when they agree. It asks when the size that
 * is read leaves something out and nobody chose it.
 */
export async function sizeFinding(
  file: ImageFile,
  { sizes, footer, virtualSize }: VhdMetadata,
  choices: ReadingChoices = {},
): Promise<Problem | null> {
  const { geometry, current, isDisputed } = sizes
  if (!isDisputed || geometry === null) return null
  const isChosen = choices.vhdSize !== undefined
  const isCut = virtualSize < Math.max(geometry, current)
  const lost = isCut ? await leftOut(file, { sizes, virtualSize }, choices) : null
  const asks = lost !== null && !isChosen
  const { cylinders, heads, sectorsPerTrack } = footer
  const chs = `${cylinders}/${heads}/${sectorsPerTrack}`
  const sentences = [
    `Its footer gives two sizes: ${geometry} bytes by its geometry (${chs}), which QEMU takes for disks made by ${quote(footer.creatorApplication)}, and ${current} bytes as current size, which other programs take.`,
    `Read are ${virtualSize} bytes${isChosen ? ', as chosen' : ''}${lost === null ? '.' : `: ${lost} is left out.`}`,
  ]
  return {
    id: 'vhd-two-sizes',
    severity: asks ? 'warn' : 'info',
    layer: 'L2',
    file: file.path,
    message: sentences.join(' '),
    remedy: asks
      ? 'Choose the size that the disk had where it was used: --read vhd-size=geometry or --read vhd-size=current.'
      : `The other size is read with --read vhd-size=${virtualSize === geometry ? 'current' : 'geometry'}.`,
    ...(asks ? { asks: true, settledBy: 'vhd-size' } : {}),
  }
}

/** What lies behind the size that is read, in words; null when nothing does. */
async function leftOut(
  file: ImageFile,
  { sizes, virtualSize }: { readonly sizes: VhdSizes; readonly virtualSize: number },
  { vhdBitmap }: ReadingChoices,
): Promise<string | null> {
  const vhdSize = virtualSize === sizes.current ? 'geometry' : 'current'
  try {
    const disk = openVhd(file, await readVhdMetadata(file, { vhdSize }), { vhdBitmap })
    const end = await lastPartitionEnd(disk)
    if (end > virtualSize) return `the end of a partition that reaches to byte ${end}`
    return (await hasData(disk, virtualSize)) ? `data up to byte ${virtualSizeOf(sizes, vhdSize)}` : null
  } catch (error) {
    // A disk of that size does not fit the file: nothing of it can be left out.
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return null
  }
}

async function lastPartitionEnd(disk: DiskReader): Promise<number> {
  const scan = await readPartitionTable(new GuestDisk(disk).whole())
  return Math.max(0, ...(scan?.table.partitions ?? []).map(({ start, length }) => start + length))
}

/** Whether a byte from `start` on is not zero, or lies too far to be looked at. */
async function hasData(disk: DiskReader, start: number): Promise<boolean> {
  let looked = 0
  const buffer = new Uint8Array(pieceSize)
  for await (const extent of disk.extents({ start, end: disk.virtualSize })) {
    if (extent.content !== 'data') continue
    const end = extent.start + extent.length
    for (let at = extent.start; at < end; at += pieceSize) {
      const piece = buffer.subarray(0, Math.min(pieceSize, end - at))
      await disk.readInto(piece, at)
      looked += piece.length
      if (!isZero(piece) || looked > mostBytes) return true
    }
  }
  return false
}
