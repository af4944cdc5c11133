import { readRange, sliceSource } from '../../binary/byte-source.ts'
import { blockDisk } from '../block-map/block-disk.ts'
import {
  absentBlock,
  dataOffset,
  partialAt,
  type BlockTable,
  type SectorBitmaps,
} from '../block-map/block-table.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { rawDisk } from '../raw/driver.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { sectorSize, unusedEntry } from './header.ts'
import { damaged, type BlockLayout, type VhdMetadata } from './metadata.ts'

/** Entries of the block allocation table per page. */
const pageLength = 16_384

/**
 * One layer of a VHD. Sectors that a bitmap calls never written are the parent's in a differencing disk, else zeros,
 * unless somebody chose to ignore the bitmaps of dynamic disks.
 */
export function openVhd(
  file: ImageFile,
  { type, virtualSize, blocks }: VhdMetadata,
  { vhdBitmap }: ReadingChoices = {},
): DiskReader {
  const { source, path } = file
  if (blocks === null) return rawDisk(sliceSource(source, { start: 0, end: virtualSize }, path))
  const isIgnored = type === 'dynamic' && vhdBitmap === 'ignore'
  const table = vhdBlockTable(file, blocks, { virtualSize, hasBitmaps: !isIgnored })
  const options = { name: path, virtualSize, source, table }
  if (isIgnored) return blockDisk(options)
  const unset = type === 'differencing' ? 'absent' : 'zero'
  return blockDisk({ ...options, bitmaps: sectorBitmaps(file, blocks, unset) })
}

interface TableOptions {
  readonly virtualSize: number
  /** Whether the bitmap of each block is asked for its sectors; it is, when not said. */
  readonly hasBitmaps?: boolean
}

/** The block allocation table; its values are those of blocks in part, unless bitmaps are not asked for. */
export function vhdBlockTable(
  { source, path }: ImageFile,
  blocks: BlockLayout,
  { virtualSize, hasBitmaps = true }: TableOptions,
): BlockTable {
  const { tableAt, blockSize, blockCount, bitmapSize } = blocks
  return {
    blockSize,
    blockCount,
    pageLength,
    async loadPage(page) {
      const first = page * pageLength
      const count = Math.min(pageLength, blockCount - first)
      const start = tableAt + first * 4
      const bytes = await readRange(source, { start, end: start + count * 4 }, 'VHD block allocation table')
      const view = new DataView(bytes.buffer)
      const values = new Float64Array(count)
      for (let index = 0; index < count; index += 1) {
        const entry = view.getUint32(index * 4)
        if (entry === unusedEntry) {
          values[index] = absentBlock
          continue
        }
        const at = entry * sectorSize + bitmapSize
        const length = Math.min(blockSize, virtualSize - (first + index) * blockSize)
        if (at + length > source.size) {
          throw damaged(
            path,
            'VHD block allocation table',
            `block ${first + index} lies at ${at}, past the end of the file at ${source.size}`,
            start + index * 4,
          )
        }
        values[index] = hasBitmaps ? partialAt(at) : at
      }
      return values
    },
  }
}

function sectorBitmaps(
  { source }: ImageFile,
  { blockSize, bitmapSize }: BlockLayout,
  unset: SectorBitmaps['unset'],
): SectorBitmaps {
  return {
    sectorSize,
    bitOrder: 'highest-first',
    unset,
    load: (_block, value) => {
      const end = dataOffset(value) - bitmapSize + Math.ceil(blockSize / sectorSize / 8)
      return readRange(source, { start: dataOffset(value) - bitmapSize, end }, 'VHD sector bitmap')
    },
  }
}
