import { isHole, readRange } from '../../binary/byte-source.ts'
import { isZero } from '../../binary/zero-scan.ts'
import { blockDisk } from '../block-map/block-disk.ts'
import {
  absentBlock,
  partialAt,
  zeroBlock,
  type BlockTable,
  type SectorBitmaps,
} from '../block-map/block-table.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { bitmapEntry, bitmapPresent, blockStates, decodeEntry, entrySize, payloadEntry } from './bat.ts'
import { damaged, mib } from './header.ts'
import type { VhdxMetadata } from './metadata.ts'

/** Blocks per page of the table: 128 KiB and the sector bitmap entries between. */
const pageLength = 16_384

/** One layer of a VHDX; the sectors that a differencing disk lacks are `absent`. */
export function openVhdx({ path }: ImageFile, metadata: VhdxMetadata): DiskReader {
  const { virtualSize, source, type } = metadata
  const options = { name: path, virtualSize, source, table: blockTable(path, metadata) }
  return blockDisk(type === 'differencing' ? { ...options, bitmaps: sectorBitmaps(path, metadata) } : options)
}

function blockTable(path: string, { source, bat, regions, type, virtualSize }: VhdxMetadata): BlockTable {
  const { blockSize, blockCount } = bat

  /** The value of `block`; `at` is the offset of its entry in the file. */
  function valueOf(block: number, { state, offset }: { state: number; offset: number }, at: number): number {
    const say = (reason: string) => damaged(path, 'VHDX BAT', { reason, offset: at })
    switch (state) {
      case blockStates.notPresent:
        return absentBlock
      case blockStates.undefined:
      case blockStates.zero:
      case blockStates.unmapped:
      case blockStates.unmappedEarly:
        return zeroBlock
      case blockStates.fullyPresent:
      case blockStates.partiallyPresent: {
        const end = offset + Math.min(blockSize, virtualSize - block * blockSize)
        if (end > source.size)
          throw say(`block ${block} lies at ${offset}, past the end of the file at ${source.size}`)
        const inside = regions.reserved.find((region) => offset < region.end && end > region.start)
        if (inside || offset < mib)
          throw say(`block ${block} lies at ${offset}, inside the ${inside?.name ?? 'header section'}`)
        if (state === blockStates.fullyPresent) return offset
        if (type !== 'differencing')
          throw say(`block ${block} is partially present in a disk without a parent`)
        return partialAt(offset)
      }
      default:
        throw say(`block ${block} has the reserved state ${state}`)
    }
  }

  return {
    blockSize,
    blockCount,
    pageLength,
    async loadPage(page) {
      const first = page * pageLength
      const count = Math.min(pageLength, blockCount - first)
      const firstEntry = payloadEntry(bat, first)
      const range = {
        start: regions.bat.start + firstEntry * entrySize,
        end: regions.bat.start + (payloadEntry(bat, first + count - 1) + 1) * entrySize,
      }
      // Entries of zeros have the state "not present".
      if (await isHole(source, range)) return null
      const bytes = await readRange(source, range, 'VHDX BAT')
      if (isZero(bytes)) return null
      const view = new DataView(bytes.buffer)
      const values = new Float64Array(count)
      let at = 0
      let beforeBitmap = bat.chunkRatio - (first % bat.chunkRatio)
      for (let index = 0; index < count; index += 1) {
        const state = view.getUint32(at, true) & 7
        if (state === blockStates.notPresent) values[index] = absentBlock
        else if (state === blockStates.zero) values[index] = zeroBlock
        else values[index] = valueOf(first + index, decodeEntry(view, at), range.start + at)
        beforeBitmap -= 1
        at += beforeBitmap === 0 ? 2 * entrySize : entrySize
        if (beforeBitmap === 0) beforeBitmap = bat.chunkRatio
      }
      return values
    },
  }
}

function sectorBitmaps(path: string, metadata: VhdxMetadata): SectorBitmaps {
  const { source, bat, regions, logicalSectorSize } = metadata
  const bytesPerBlock = bat.blockSize / logicalSectorSize / 8
  return {
    sectorSize: logicalSectorSize,
    bitOrder: 'lowest-first',
    unset: 'absent',
    async load(block) {
      const at = regions.bat.start + bitmapEntry(bat, block) * entrySize
      const bytes = await readRange(source, { start: at, end: at + entrySize }, 'VHDX BAT')
      const { state, offset } = decodeEntry(new DataView(bytes.buffer), 0)
      const say = (reason: string) => damaged(path, 'VHDX BAT', { reason, offset: at })
      if (state !== bitmapPresent)
        throw say(`block ${block} is partially present and its sector bitmap is not there`)
      if (offset < mib || offset + mib > source.size)
        throw say(`the sector bitmap of block ${block} lies at ${offset}, outside the file`)
      const start = offset + (block % bat.chunkRatio) * bytesPerBlock
      return await readRange(source, { start, end: start + bytesPerBlock }, 'VHDX sector bitmap')
    },
  }
}
