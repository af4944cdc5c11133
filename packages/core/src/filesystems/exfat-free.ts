import { bootSector, clusterAt, isInOnePiece, readRoot } from './exfat.ts'
import { clearBits, type ReadFreeSpace } from './free-space.ts'

/** 2^32 clusters have no more. */
const maxBitmapBytes = 512 * 1024 * 1024
const windowLength = 4 * 1024 * 1024

/** exFAT: its allocation bitmap ("Allocation Bitmap Directory Entry"). */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const facts = bootSector.read(await region.read(0, bootSector.size), region.name)
  if (facts.tables !== 1) return 'it has two tables, of which one is stale'
  const { bitmap } = await readRoot(region, facts)
  const needed = Math.ceil(facts.clusters / 8)
  if (!bitmap || bitmap.length < needed || needed > maxBitmapBytes)
    return 'its allocation bitmap cannot be found'
  const { cluster } = bitmap
  if (!(await isInOnePiece(region, facts, { cluster, length: needed })))
    return 'its allocation bitmap lies in several pieces'
  const size = 2 ** (facts.sectorShift + facts.clusterShift)
  const scan = clearBits({ count: facts.clusters, size, firstAt: clusterAt(facts, 2) }, tell)
  // What lies in clusters that are surely used must not be called free.
  const own = [cluster, facts.rootCluster].map((one) => one - 2)
  for (let at = 0; at < needed; at += windowLength) {
    const piece = await region.peek(clusterAt(facts, cluster) + at, Math.min(windowLength, needed - at))
    if (!piece) return 'its allocation bitmap lies beyond its end'
    for (const unit of own) {
      const byte = Math.floor(unit / 8) - at
      if (byte >= 0 && byte < piece.length && ((piece[byte] ?? 0) & (1 << (unit % 8))) === 0)
        return 'its allocation bitmap calls its own place free'
    }
    scan.add(piece)
  }
  scan.end()
  return null
}
