import { isDiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import { FindingList, type CheckOptions, type CheckReport } from '../../image/check-report.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { checkL2Table, type L2Scene } from './check-l2.ts'
import {
  damagedRemedy,
  isInFile,
  tableBuffer,
  tableParts,
  walkTables,
  type CheckScene,
  type Walk,
} from './check-walk.ts'
import { tableOffset } from './cluster-entry.ts'
import { compareCounts, type OnLeak, type StoredOf } from './compare-counts.ts'
import { noEmptyTables } from './empty-tables.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { readMetadata } from './metadata.ts'
import { DiskError } from '../../problems/disk-error.ts'
import {
  readRefcountTable,
  readStoredCounts,
  ReferenceCounts,
  unknownCount,
  windowClusters,
  type ClusterWindow,
  type RefcountTable,
} from './reference-counts.ts'

/** Passes over the tables of one file, at most. */
const mostWindows = 64

interface Qcow2CheckOptions extends CheckOptions {
  readonly onUnreferenced?: OnLeak
}

/**
 * Counts all references of all tables again and compares them with the refcounts that the file holds, as
 * `qemu-img check` does; besides that it finds tables that share a cluster with something else.
 */
export async function checkQcow2(file: ImageFile, options: Qcow2CheckOptions = {}): Promise<CheckReport> {
  const { source, path } = file
  const findings = new FindingList(path)
  const totals = { allocatedBytes: 0, leakedBytes: 0 }
  const { header, extensions, faults, warnings } = await readMetadata(file)
  for (const warning of warnings) findings.adopt('remark', warning)
  const fatal = faults.filter(({ code }) => code !== 'encrypted')
  // Tables are not encrypted.
  for (const fault of faults)
    if (fault.code === 'encrypted') findings.adopt('remark', problemFromError(fault))
  for (const fault of fatal) findings.adoptRefusal(problemFromError(fault))
  let isComplete = false
  if (header && extensions && fatal.length === 0) {
    const scene = { file: path, source, header, extensions, findings, signal: options.signal }
    try {
      Object.assign(totals, await checkCounts(scene, options))
      isComplete = true
    } catch (error) {
      if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
      findings.adoptRefusal(problemFromError(error))
    }
  }
  const checked = isComplete ? ['reference counts', 'copied flags', 'overlaps'] : []
  return findings.report({ format: 'qcow2', checked, isComplete, ...totals })
}

interface Totals {
  readonly allocatedBytes: number
  readonly leakedBytes: number
}

async function checkCounts(scene: CheckScene, options: Qcow2CheckOptions): Promise<Totals> {
  const { source, header, findings, file } = scene
  const { clusterSize } = header
  const clusters = Math.ceil(source.size / clusterSize)
  if (clusters > mostWindows * windowClusters) {
    const limit = mostWindows * windowClusters
    throw new DiskError('limit-exceeded', { file, what: 'clusters of the file', value: clusters, limit })
  }
  if (hasFeature(header.incompatible, incompatibleFeatures.externalDataFile) && header.snapshotCount > 0) {
    findings.add('corruption', {
      id: 'qcow2-data-file-snapshots',
      message: 'It has internal snapshots although its data lies in another file.',
      remedy: damagedRemedy,
      offset: 60,
    })
  }
  const walk = await walkTables(scene)
  const table = await readRefcountTable(source, header, ({ index, offset, reason }) => {
    const message = `Entry ${index} of the refcount table ${reason}.`
    findings.add('corruption', { id: 'qcow2-refcount-table', message, remedy: damagedRemedy, offset })
  })
  let allocated = 0
  let leaked = 0
  for (let first = 0; first < clusters; first += windowClusters) {
    const window = { first, end: Math.min(clusters, first + windowClusters) }
    const pass = await checkWindow(scene, { walk, table, window, options })
    if (first === 0) allocated = pass.allocated
    leaked += pass.leaked
  }
  return { allocatedBytes: allocated * clusterSize, leakedBytes: leaked * clusterSize }
}

interface Pass {
  readonly walk: Walk
  readonly table: RefcountTable
  readonly window: ClusterWindow
  readonly options: Qcow2CheckOptions
}

/** Counts and compares the clusters of one window; faults of entries are told in the first pass only. */
async function checkWindow(
  scene: CheckScene,
  { walk, table, window, options }: Pass,
): Promise<{ allocated: number; leaked: number }> {
  const { source, header } = scene
  const counts = new ReferenceCounts(window, header.clusterSize)
  for (const { offset, size } of walk.tables) counts.add(offset, size, { isTable: true })
  for (const block of table.blocks) if (block > 0) counts.add(block, header.clusterSize, { isTable: true })
  const stored = await readStoredCounts(source, table, window)
  const storedOf = (cluster: number): number | null => {
    if (cluster < window.first || cluster >= window.end) return null
    const count = stored[cluster - window.first] ?? 0
    return count === unknownCount ? null : count
  }
  const isFirst = window.first === 0
  const { l2, activeL1 } = walk
  for (const [index, offset] of l2.offsets.entries())
    counts.add(offset, header.clusterSize, { times: l2.times[index] ?? 1, isTable: true })
  if (isFirst) addCutTables(scene, walk)
  checkL1Flags(scene, activeL1, storedOf)
  let allocated = 0
  const buffer = tableBuffer(header.clusterSize / 8)
  const emptyTables = noEmptyTables()
  const l2Scene: L2Scene = { scene, counts, storedOf, isFirst, buffer, emptyTables }
  for (const [index, offset] of l2.offsets.entries()) {
    scene.signal?.throwIfAborted()
    const [times, activeTimes] = [l2.times[index] ?? 1, l2.activeTimes[index] ?? 0]
    allocated += (await checkL2Table(l2Scene, { offset, times, activeTimes })) * activeTimes
    if (index % 64 === 0) options.onProgress?.(window.first + index, window.first + l2.offsets.length)
  }
  await countBitmaps(scene, walk, { counts, isFirst })
  checkBlocks(scene, table, { counts, storedOf })
  const { onUnreferenced } = options
  const comparison = { counts, storedOf, window, walk, emptyTables, onUnreferenced }
  return { allocated, leaked: await compareCounts(scene, comparison) }
}

/** A table of which only a part is in the file; QEMU takes what is missing for zeros. */
function addCutTables({ source, header, findings }: CheckScene, { l2, tables }: Walk): void {
  const size = header.clusterSize
  const places = [...tables, ...Array.from(l2.offsets.subarray(-1), (offset) => ({ offset, size }))]
  for (const place of places) {
    if (place.offset + place.size <= source.size) continue
    const message = `The table at ${place.offset} needs ${place.size} bytes, the file ends at ${source.size}.`
    findings.add('corruption', {
      id: 'qcow2-table-cut-short',
      message,
      remedy: damagedRemedy,
      offset: place.offset,
    })
  }
}

/** The copied flag says that the refcount is one, so that QEMU may write in place. */
function checkL1Flags({ header, findings }: CheckScene, activeL1: Float64Array, storedOf: StoredOf): void {
  for (const [index, value] of activeL1.entries()) {
    if (value === 0) continue
    const stored = storedOf(Math.floor(Math.abs(value) / header.clusterSize))
    if (stored === null || (stored === 1) === value > 0) continue
    findings.addPlace('corruption', {
      id: 'qcow2-copied-flag',
      place: index,
      like: `L1 ${stored}`,
      message: ({ first, count }) =>
        count === 1
          ? `The copied flag of L1 entry ${first} does not fit the refcount ${stored} of its L2 table.`
          : `The copied flags of L1 entries ${first} to ${first + count - 1} do not fit the refcount ${stored} of their L2 tables.`,
      remedy: damagedRemedy,
      offset: header.l1TableOffset + index * 8,
    })
  }
}

async function countBitmaps(
  scene: CheckScene,
  { bitmapTables }: Walk,
  { counts, isFirst }: { counts: ReferenceCounts; isFirst: boolean },
): Promise<void> {
  const { source, header, findings } = scene
  const size = header.clusterSize
  for (const { offset: tableAt, size: tableSize } of bitmapTables) {
    for await (const { view, at } of tableParts(source, { offset: tableAt, entries: tableSize / 8 })) {
      for (let i = 0; i * 8 < view.byteLength; i += 1) {
        const [high, low] = [view.getUint32(i * 8), view.getUint32(i * 8 + 4)]
        const offset = tableOffset(high, low)
        const isOdd = (high & 0xff00_0000) !== 0 || (low & 0x1fe) !== 0 || (offset !== 0 && (low & 1) !== 0)
        if (isOdd && isFirst) {
          findings.add('corruption', {
            id: 'qcow2-bitmap-table',
            message: 'An entry of a bitmap table has reserved bits set.',
            remedy: damagedRemedy,
            offset: at + i * 8,
          })
        }
        if (isOdd || offset === 0) continue
        if (!isFirst || isInFile(scene, { offset, size }, { what: 'A part of a bitmap', at: at + i * 8 }))
          counts.add(offset, size)
      }
    }
  }
}

/** A refcount block that something else uses, or that does not count itself once, cannot be trusted. */
function checkBlocks(
  { header, findings }: CheckScene,
  { blocks }: RefcountTable,
  { counts, storedOf }: { counts: ReferenceCounts; storedOf: StoredOf },
): void {
  const { first, end } = counts.window
  for (const [index, block] of blocks.entries()) {
    const cluster = block / header.clusterSize
    if (block <= 0 || cluster < first || cluster >= end) continue
    if (counts.count(cluster) === 1 || storedOf(cluster) === null) continue
    findings.add('corruption', {
      id: 'qcow2-refcount-block',
      message: `Refcount block ${index} at ${block} is used ${counts.count(cluster)} times.`,
      remedy: damagedRemedy,
      offset: header.refcountTableOffset + index * 8,
    })
  }
}
