import { clearBits, type ReadFreeSpace } from './free-space.ts'
import { volumeHeader, volumeHeaderAt } from './hfsplus.ts'

/** Bitmaps are read up to this size: 16 TiB in blocks of 4 KiB. */
const maxBitmapBytes = 512 * 1024 * 1024
const windowLength = 4 * 1024 * 1024

/** HFS+ and HFSX: the allocation file ("Allocation File"), against the count of the volume header. */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const facts = volumeHeader.read(await region.read(volumeHeaderAt, volumeHeader.size), region.name)
  const { blockSize, blocks, freeBlocks, bitmapLength, bitmapExtents } = facts
  const length = Math.ceil(blocks / 8)
  if (length > maxBitmapBytes || bitmapLength < length)
    return 'its allocation file is not as long as it must be'
  const extents = new DataView(bitmapExtents.buffer, bitmapExtents.byteOffset, bitmapExtents.length)
  const scan = clearBits({ count: blocks, size: blockSize, firstAt: 0, first: 'highest' }, tell)
  let read = 0
  for (let extent = 0; extent < bitmapExtents.length && read < length; extent += 8) {
    const start = extents.getUint32(extent) * blockSize
    const size = Math.min(extents.getUint32(extent + 4) * blockSize, length - read)
    for (let at = 0; at < size; at += windowLength) {
      const piece = await region.peek(start + at, Math.min(windowLength, size - at))
      if (!piece) return 'its allocation file lies beyond its end'
      scan.add(piece)
    }
    read += size
  }
  if (read < length) return 'its allocation file lies in more pieces than its header names'
  const free = scan.end()
  return free === freeBlocks ? null : `${freeBlocks} blocks are said to be free, and its bitmap has ${free}`
}
