import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockDisk } from '../block-map/block-disk.ts'
import { absentBlock, zeroBlock } from '../block-map/block-table.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { freeEntry, zeroEntry } from './header.ts'
import type { VdiMetadata } from './metadata.ts'

/** Entries of the block map per page. */
const pageLength = 16_384

/** One layer of a VDI; free blocks are `absent`. */
export function openVdi({ source, path }: ImageFile, { header }: VdiMetadata): DiskReader {
  const { blockSize, blockExtra, blockCount, offBlocks, offData, diskSize } = header
  return blockDisk({
    name: path,
    virtualSize: diskSize,
    source,
    table: {
      blockSize,
      blockCount,
      pageLength,
      async loadPage(page) {
        const first = page * pageLength
        const count = Math.min(pageLength, blockCount - first)
        const start = offBlocks + first * 4
        const view = new DataView(
          (await readRange(source, { start, end: start + count * 4 }, 'VDI block map')).buffer,
        )
        const values = new Float64Array(count)
        for (let index = 0; index < count; index += 1) {
          const entry = view.getUint32(index * 4, true)
          if (entry === freeEntry || entry === zeroEntry) {
            values[index] = entry === freeEntry ? absentBlock : zeroBlock
            continue
          }
          const at = offData + entry * (blockSize + blockExtra) + blockExtra
          const length = Math.min(blockSize, Math.max(0, diskSize - (first + index) * blockSize))
          if (at + length > source.size) {
            const reason = `block ${first + index} lies at ${at}, past the end of the file at ${source.size}`
            throw new DiskError('corrupt', {
              file: path,
              structure: 'VDI block map',
              reason,
              offset: start + index * 4,
            })
          }
          values[index] = at
        }
        return values
      },
    },
  })
}
