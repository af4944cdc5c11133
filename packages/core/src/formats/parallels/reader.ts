import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { blockDisk } from '../block-map/block-disk.ts'
import { absentBlock } from '../block-map/block-table.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { hdsHeader } from './header.ts'
import type { HdsMetadata } from './metadata.ts'

/** BAT entries per page. */
const pageLength = 16_384

/** One `.hds` image; clusters without a place in the file are `absent`. */
export function openHds({ source, path }: ImageFile, metadata: HdsMetadata): DiskReader {
  const { virtualSize, clusterSize, entryUnit, header } = metadata
  const batEnd = hdsHeader.size + header.batEntries * 4
  const blockCount = Math.ceil(virtualSize / clusterSize)
  return blockDisk({
    name: path,
    virtualSize,
    source,
    table: {
      blockSize: clusterSize,
      blockCount,
      pageLength,
      async loadPage(page) {
        const first = page * pageLength
        const count = Math.min(pageLength, blockCount - first)
        const start = hdsHeader.size + first * 4
        const bytes = await readRange(source, { start, end: start + count * 4 }, 'Parallels BAT')
        const view = new DataView(bytes.buffer)
        const values = new Float64Array(count)
        for (let index = 0; index < count; index += 1) {
          const entry = view.getUint32(index * 4, true)
          if (entry === 0) {
            values[index] = absentBlock
            continue
          }
          const at = entry * entryUnit
          const length = Math.min(clusterSize, virtualSize - (first + index) * clusterSize)
          if (at >= batEnd && at + length <= source.size) {
            values[index] = at
            continue
          }
          const where = at < batEnd ? 'inside the BAT' : `past the end of the file at ${source.size}`
          throw new DiskError('corrupt', {
            file: path,
            structure: 'Parallels BAT',
            reason: `cluster ${first + index} lies at ${at}, ${where}`,
            offset: start + index * 4,
          })
        }
        return values
      },
    },
  })
}
