import { clearBits, type ReadFreeSpace } from './free-space.ts'
import { bootSector, geometryOf, readBitmap, records } from './ntfs.ts'
import { readFileRecord } from './ntfs-records.ts'
import { keepsShadowCopies } from './ntfs-shadow-copies.ts'

/** NTFS: $Bitmap; refused where shadow copies need what it calls free. */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const facts = bootSector.read(await region.read(0, bootSector.size), region.name)
  const geometry = geometryOf(facts)
  if (typeof geometry === 'string') return geometry
  const { clusters, clusterSize, recordSize, mftAt } = geometry
  if (await keepsShadowCopies(region))
    return {
      kind: 'shadow-copies',
      reason: 'it keeps shadow copies (restore points), which need bytes of files that were deleted since',
    }
  const mft = await region.peek(mftAt, 8 * recordSize)
  const record = mft && readFileRecord(mft, records.bitmap, recordSize)
  // The boot sector and the file table are never free.
  const used = [0, mftAt / clusterSize]
  let isPossible = true
  let read = 0
  const scan = clearBits({ count: clusters, size: clusterSize, firstAt: 0 }, tell)
  const reason = await readBitmap(region, { record, clusters, clusterSize }, (piece) => {
    for (const cluster of used) {
      const byte = Math.floor(cluster / 8) - read
      if (byte >= 0 && byte < piece.length && ((piece[byte] ?? 0) & (1 << (cluster % 8))) === 0)
        isPossible = false
    }
    read += piece.length
    scan.add(piece)
  })
  if (reason !== null) return reason
  if (!isPossible) return 'its bitmap calls its own file table free'
  scan.end()
  return null
}
