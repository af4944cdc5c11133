import type { Run } from '../../image/check-report.ts'
import { damagedRemedy, reachesFile, tableParts, type CheckScene } from './check-walk.ts'
import { decodeClusterEntry, tableOffset } from './cluster-entry.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { l2EntrySize } from './header.ts'
import { noteEmptySectors, noteEmptyTable, type EmptyTables } from './empty-tables.ts'
import type { ReferenceCounts } from './reference-counts.ts'

export interface L2Scene {
  readonly scene: CheckScene
  readonly counts: ReferenceCounts
  /** The refcount that the file holds, null when it is not in the window or cannot be read. */
  readonly storedOf: (cluster: number) => number | null
  /** From `tableBuffer`, for one table after the other. */
  readonly buffer: Uint8Array<ArrayBuffer>
  /** Whether faults of entries are told, which happens once. */
  readonly isFirst: boolean
  /** Where tables say nothing. */
  readonly emptyTables: EmptyTables
}

export interface L2Place {
  readonly offset: number
  /** L1 entries that name the table, and those of the active L1 table. */
  readonly times: number
  readonly activeTimes: number
}

interface Entry {
  readonly high: number
  readonly low: number
  readonly zeroBits: number
  readonly dataBits: number
  /** Where it lies. */
  readonly at: number
}

const compressedFlag = 0x4000_0000

/** Counts what one L2 table refers to; gives the number of its clusters that have a place in the file. */
export async function checkL2Table(l2: L2Scene, place: L2Place): Promise<number> {
  const { header, source } = l2.scene
  const entrySize = l2EntrySize(header)
  let allocated = 0
  let isEmpty = true
  const table = { offset: place.offset, entries: header.clusterSize / 8 }
  for await (const { view, at } of tableParts(source, table, l2.buffer)) {
    for (let i = 0; i < view.byteLength; i += entrySize) {
      const high = view.getUint32(i)
      const low = view.getUint32(i + 4)
      const [zeroBits, dataBits] = entrySize === 16 ? [view.getUint32(i + 8), view.getUint32(i + 12)] : [0, 0]
      if ((high | low | zeroBits | dataBits) !== 0) isEmpty = false
      if ((high | low | dataBits) === 0) continue
      if (checkEntry(l2, place, { high, low, zeroBits, dataBits, at: at + i })) allocated += 1
    }
    if (!isEmpty) noteEmptySectors(l2.emptyTables, { view, at }, header)
  }
  if (isEmpty) noteEmptyTable(l2.emptyTables, place.offset)
  return allocated
}

/** True when the entry gives its cluster a place. */
function checkEntry(l2: L2Scene, place: L2Place, entry: Entry): boolean {
  const { scene } = l2
  const { clusterSize } = scene.header
  if ((entry.high & compressedFlag) !== 0) return checkCompressed(l2, place, entry)
  const report = reporter(l2, place, entry)
  if ((entry.high & 0x3f00_0000) !== 0 || (entry.low & 0x1fe) !== 0) report('has reserved bits set')
  if (scene.header.version < 3 && (entry.low & 1) !== 0) report('is a zero cluster in an image of version 2')
  const offset = tableOffset(entry.high, entry.low)
  const hasDataFile = hasFeature(scene.header.incompatible, incompatibleFeatures.externalDataFile)
  const isCopied = entry.high >= 0x8000_0000
  if (offset === 0 && !(hasDataFile && isCopied && (entry.low & 1) === 0)) {
    if (entry.dataBits !== 0) report('gives subclusters data, but its cluster no place')
    return false
  }
  if ((entry.zeroBits & entry.dataBits) !== 0) {
    report('says of a subcluster that it is both data and zeros')
    return true
  }
  if (offset % clusterSize !== 0) report(`names byte ${offset}, off any cluster boundary`)
  if (!hasDataFile && isThere(l2, place, { offset, size: clusterSize, at: entry.at }))
    l2.counts.add(offset, clusterSize, { times: place.times })
  const stored = hasDataFile ? (l2.isFirst ? 1 : null) : l2.storedOf(Math.floor(offset / clusterSize))
  if (place.activeTimes === 0 || stored === null || (stored === 1) === isCopied) return true
  scene.findings.addPlace(
    'corruption',
    {
      id: 'qcow2-copied-flag',
      place: Math.floor(offset / clusterSize),
      like: stored,
      message: ({ first, count }) =>
        count === 1
          ? `The copied flag of an L2 entry does not fit the refcount ${stored} of its cluster at ${offset}.`
          : `The copied flags of L2 entries do not fit the refcount ${stored} of their clusters ${first} to ${first + count - 1}.`,
      remedy: damagedRemedy,
      offset: entry.at,
    },
    place.activeTimes,
  )
  return true
}

function checkCompressed(l2: L2Scene, place: L2Place, entry: Entry): boolean {
  const { header } = l2.scene
  const report = reporter(l2, place, entry)
  if (entry.high >= 0x8000_0000) report('has the copied flag although it is compressed')
  if (hasFeature(header.incompatible, incompatibleFeatures.externalDataFile)) {
    report('is compressed although the data lies in another file')
    return true
  }
  if ((entry.zeroBits | entry.dataBits) !== 0) {
    report('is compressed and has subclusters')
    return true
  }
  const geometry = {
    clusterBits: header.clusterBits,
    version: header.version,
    hasSubclusters: false,
    hasDataFile: false,
  }
  const cluster = decodeClusterEntry(entry, geometry)
  if (cluster.kind !== 'compressed') return true
  const { hostOffset: offset, storedSize: size } = cluster
  if (isThere(l2, place, { offset, size, at: entry.at })) l2.counts.add(offset, size, { times: place.times })
  return true
}

function isThere(
  { scene, isFirst, emptyTables }: L2Scene,
  { times }: L2Place,
  { offset, size, at }: { offset: number; size: number; at: number },
): boolean {
  if (!isFirst || reachesFile(scene, { offset, size })) return true
  emptyTables.hasDamaged = true
  const entrySize = l2EntrySize(scene.header)
  const end = scene.source.size
  scene.findings.addPlace(
    'corruption',
    {
      id: 'qcow2-beyond-file',
      place: at / entrySize,
      message: ({ count }) =>
        count === 1
          ? `A cluster is said to lie at ${offset}, past the end of the file at ${end}.`
          : `${count} clusters in a row are said to lie past the end of the file at ${end}, the first at ${offset}.`,
      remedy: damagedRemedy,
      offset: at,
    },
    times,
  )
  return false
}

function reporter(
  { scene, isFirst, emptyTables }: L2Scene,
  { times }: L2Place,
  { at }: Entry,
): (reason: string) => void {
  return (reason) => {
    if (!isFirst) return
    emptyTables.hasDamaged = true
    const message = ({ count }: Run): string =>
      `An L2 entry ${reason}${count === 1 ? '' : `, and so do the ${count - 1} behind it`}.`
    const place = at / l2EntrySize(scene.header)
    const fault = { id: 'qcow2-l2-entry', place, like: reason, message, remedy: damagedRemedy, offset: at }
    scene.findings.addPlace('corruption', fault, times)
  }
}
