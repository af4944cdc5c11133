import { equalBytes } from '../binary/equal-bytes.ts'
import { bootSector, entryReaders, geometryOf } from './fat.ts'
import { clearBits, type ReadFreeSpace } from './free-space.ts'

/** Bytes of a table in memory at one time: whole entries of each width. */
const windowLength = 3 * 1024 * 1024
/** Tables are read up to this size: more than FAT32 can have clusters. */
const maxTableBytes = 1024 * 1024 * 1024
/** In FAT32's flags: one of the tables is in use, the others are stale. */
const notMirrored = 0x80

/** FAT12, FAT16, FAT32: the clusters whose entry is 0, in all copies of the table alike. */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const facts = bootSector.read(await region.read(0, 512), region.name)
  const geometry = geometryOf(facts)
  if (!geometry) return 'its boot sector makes no sense'
  const { type, clusters, clusterSize, dataAt, tableAt, tableLength } = geometry
  if (tableLength > maxTableBytes) return 'its table is too large'
  if (type === 'fat32' && (facts.mirroring & notMirrored) !== 0) return 'its tables are not kept alike'
  const tableStride =
    (facts.tableSectors16 > 0 ? facts.tableSectors16 : facts.tableSectors32) * facts.bytesPerSector
  const bitsPerEntry = { fat12: 12, fat16: 16, fat32: 32 }[type]
  const scan = clearBits({ count: clusters, size: clusterSize, firstAt: dataAt }, tell)
  for (let at = 0; at < tableLength; at += windowLength) {
    const length = Math.min(windowLength, tableLength - at)
    const table = await region.peek(tableAt + at, length)
    if (!table) return 'its table lies beyond its end'
    for (let copy = 1; copy < facts.tables; copy += 1) {
      const other = await region.peek(tableAt + copy * tableStride + at, length)
      if (!other || !equalBytes(other, table, { start: 0, end: length }))
        return 'the copies of its table differ'
    }
    const entryOf = entryReaders[type](table)
    const first = (at * 8) / bitsPerEntry
    const entries = Math.min(clusters + 2 - first, Math.floor((length * 8) / bitsPerEntry))
    // The first two entries are no clusters'.
    const skipped = first === 0 ? 2 : 0
    const bitmap = new Uint8Array(Math.ceil(Math.max(0, entries - skipped) / 8))
    for (let index = 0; index < entries - skipped; index += 1)
      if (entryOf(index + skipped) !== 0) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7))
    scan.add(bitmap, entries - skipped)
  }
  scan.end()
  return null
}
