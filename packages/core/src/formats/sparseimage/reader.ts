import { blockDisk } from '../block-map/block-disk.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { bandsInHeader, type SparseImage } from './header.ts'

/** A sparse image as a disk; bands that were never written are `absent`. */
export function openSparseImage({ source, path }: ImageFile, image: SparseImage): DiskReader {
  const { virtualSize, bandSize, places } = image
  return blockDisk({
    name: path,
    virtualSize,
    source,
    table: {
      blockSize: bandSize,
      blockCount: places.length,
      pageLength: bandsInHeader,
      loadPage: async () => places,
    },
  })
}
