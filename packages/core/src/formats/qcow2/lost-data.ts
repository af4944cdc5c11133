import { countBefore } from '../../binary/bisect.ts'
import { isHole } from '../../binary/byte-source.ts'
import { isZero } from '../../binary/zero-scan.ts'
import type { CheckScene, Walk } from './check-walk.ts'
import { tableOffset, twoTo32 } from './cluster-entry.ts'
import type { EmptyTables } from './empty-tables.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { l2EntrySize, l2TableSpan } from './header.ts'
import type { ReferenceCounts } from './reference-counts.ts'

/*
 * Clusters that are counted and not mapped are either room that was never given back, or all that is left of guest data
 * whose table was wiped. What tells them apart:
 *
 * | seen                                                       | then                                                  |
 * | ---------------------------------------------------------- | ----------------------------------------------------- |
 * | the dirty bit is set                                       | refcounts are no evidence (lazy refcounts): leaks     |
 * | the cluster holds zeros, and there is no backing file      | nothing is lost with it: leak                         |
 * | it holds, or is named by, a table without the copied flag  | given up with a snapshot or bitmap: leak              |
 * | an L1 entry names an L2 table of nothing but zeros         | clusters with data may have been in it: possibly lost |
 * | a sector of zeros in an L2 table, and the cluster that     | the sector may have named it: possibly lost           |
 * | follows the one before it (or precedes the one behind it)  |                                                       |
 * | an L2 table itself is not mapped, and names such clusters  | its L1 entry was wiped: possibly lost                 |
 * | entries of an L2 table are damaged                         | they may have named it before: possibly lost          |
 * | none of these                                              | leak                                                  |
 */

/** Clusters with more counted than found references. */
export interface UncountedRun {
  readonly first: number
  readonly count: number
  readonly stored: number
  readonly references: number
}

interface Evidence<Run extends UncountedRun> {
  readonly counts: ReferenceCounts
  readonly storedOf: (cluster: number) => number | null
  readonly walk: Walk
  readonly emptyTables: EmptyTables
  readonly runs: readonly Run[]
}

/** Bytes that are read to see what clusters hold; those beyond are taken for data. */
const mostReadBytes = 256 * 1024 * 1024

export const lostRemedy =
  'Do not repair it and do not write to it, as these clusters are the only trace. Keep a copy of the file as it is; restore the disk from a backup, or have the table made again on a copy.'

/** The runs that may hold lost guest data, with findings about the tables that say so. */
export async function findLostData<Run extends UncountedRun>(
  scene: CheckScene,
  evidence: Evidence<Run>,
): Promise<ReadonlySet<Run>> {
  const { header } = scene
  if (evidence.runs.length === 0 || hasFeature(header.incompatible, incompatibleFeatures.dirty))
    return new Set()
  const { withData, orphans } = await lookInto(scene, evidence)
  const runs = [...withData]
  const sectors = [...evidence.emptyTables.beside].filter(([cluster]) => isIn(runs, cluster))
  const whole = withData.size > 0 ? evidence.emptyTables.whole : []
  if (whole.length + orphans.length + sectors.length === 0)
    return evidence.emptyTables.hasDamaged ? withData : new Set()
  tellTables(scene, { whole, orphans, sectors: sectors.map(([, at]) => at), walk: evidence.walk })
  return withData
}

interface Contents<Run> {
  readonly withData: ReadonlySet<Run>
  /** Clusters that hold L2 tables of lost clusters. */
  readonly orphans: readonly number[]
}

/** What was found in the clusters of all runs. */
interface Findings {
  /** Clusters with data. */
  readonly data: number[]
  readonly orphans: number[]
  /** Clusters that a table names which was given up. */
  readonly abandoned: Set<number>
}

async function lookInto<Run extends UncountedRun>(
  scene: CheckScene,
  evidence: Evidence<Run>,
): Promise<Contents<Run>> {
  const { source, header, signal } = scene
  const { clusterSize } = header
  const withData = new Set<Run>()
  const found: Findings = { data: [], orphans: [], abandoned: new Set() }
  const buffer = new Uint8Array(clusterSize)
  let left = mostReadBytes
  for (const run of evidence.runs) {
    if (run.references > 0 || header.backingFileOffset > 0) withData.add(run)
    for (let cluster = run.first; cluster < run.first + run.count; cluster += 1) {
      signal?.throwIfAborted()
      const at = cluster * clusterSize
      const length = Math.min(clusterSize, source.size - at)
      if (length <= 0 || (await isHole(source, { start: at, end: at + length }))) continue
      left -= length
      if (left < 0) {
        withData.add(run)
        break
      }
      const bytes = buffer.subarray(0, length)
      await source.readInto(bytes, at)
      if (!isZero(bytes)) noteContent({ bytes, cluster }, { scene, evidence, found })
    }
  }
  const data = found.data.filter((cluster) => !found.abandoned.has(cluster))
  for (const run of evidence.runs) {
    const next = countBefore(data.length, (index) => (data[index] ?? 0) < run.first)
    if ((data[next] ?? Infinity) < run.first + run.count) withData.add(run)
  }
  return { withData: inOrder(evidence.runs, withData), orphans: found.orphans }
}

function inOrder<Run>(runs: readonly Run[], some: ReadonlySet<Run>): ReadonlySet<Run> {
  return new Set(runs.filter((run) => some.has(run)))
}

interface Look {
  readonly scene: CheckScene
  readonly evidence: Evidence<UncountedRun>
  readonly found: Findings
}

function noteContent(
  { bytes, cluster }: { readonly bytes: Uint8Array; readonly cluster: number },
  { scene, evidence, found }: Look,
): void {
  const { kind, uncounted } = tableIn(bytes, scene, evidence)
  if (kind === 'lost') found.orphans.push(cluster)
  if (kind !== 'copy') found.data.push(cluster)
  else for (const named of uncounted) found.abandoned.add(named)
}

interface Table {
  readonly kind: 'none' | 'copy' | 'lost'
  /** Clusters that it names and nothing else. */
  readonly uncounted: readonly number[]
}

const noTable: Table = { kind: 'none', uncounted: [] }

/**
 * Whether a cluster can be nothing but a table of places in the file: `lost` is an L2 table of the active disk that names
 * clusters which nothing else refers to; the copied flag is asked for. Without it the table is a `copy` that was given up,
 * with all that it names: of a deleted snapshot or bitmap, or the refcounts of another width.
 */
function tableIn(
  bytes: Uint8Array,
  { header, source }: CheckScene,
  { counts, storedOf }: Evidence<UncountedRun>,
): Table {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { clusterSize } = header
  const uncounted: number[] = []
  let [places, lost] = [0, 0]
  for (let at = 0; at + 8 <= view.byteLength; at += l2EntrySize(header)) {
    const [high, low] = [view.getUint32(at), view.getUint32(at + 4)]
    const isCompressed = high >>> 30 === 1
    const offset = isCompressed ? compressedOffset(high, low, header) : tableOffset(high, low)
    const isOdd = (high & 0x3f00_0000) !== 0 || (low & 0x1fe) !== 0 || offset % clusterSize !== 0
    if ((isOdd && !isCompressed) || offset >= source.size) return noTable
    if (offset === 0) continue
    places += 1
    const cluster = Math.floor(offset / clusterSize)
    if (counts.count(cluster) > 0 || (storedOf(cluster) ?? 0) === 0) continue
    uncounted.push(cluster)
    if (isCompressed || high >= 0x8000_0000) lost += 1
  }
  return places === 0 ? noTable : { kind: lost > 0 ? 'lost' : 'copy', uncounted }
}

/** Where a compressed cluster lies (qcow2.rst, "Compressed Clusters Descriptor"). */
function compressedOffset(high: number, low: number, { clusterBits }: CheckScene['header']): number {
  return (high & (2 ** (38 - clusterBits) - 1)) * twoTo32 + low
}

/** Whether one of `runs`, which are in rising order, has the cluster. */
function isIn(runs: readonly UncountedRun[], cluster: number): boolean {
  const run = runs[countBefore(runs.length, (index) => (runs[index]?.first ?? 0) <= cluster) - 1]
  return run !== undefined && cluster < run.first + run.count
}

interface TablesToTell {
  readonly whole: readonly number[]
  readonly orphans: readonly number[]
  readonly sectors: readonly number[]
  readonly walk: Walk
}

function tellTables({ header, findings }: CheckScene, { whole, orphans, sectors, walk }: TablesToTell): void {
  const { clusterSize } = header
  const span = l2TableSpan(header)
  for (const offset of whole) {
    const index = walk.activeL1.findIndex((place) => Math.abs(place) === offset)
    const range =
      index < 0
        ? 'of a snapshot'
        : `for bytes ${index * span} to ${Math.min(header.virtualSize, (index + 1) * span)} of the disk`
    const message = `The L2 table at ${offset}, ${range}, holds nothing but zeros, while clusters with data are in no table: it may have been wiped.`
    findings.add('corruption', { id: 'qcow2-wiped-table', message, remedy: lostRemedy, offset })
  }
  for (const offset of sectors) {
    const message = `The L2 table has a sector of zeros at ${offset}, beside which clusters with data are in no table: it may have been wiped.`
    findings.add('corruption', { id: 'qcow2-wiped-table', message, remedy: lostRemedy, offset })
  }
  for (const cluster of orphans) {
    const offset = cluster * clusterSize
    const message = `At ${offset} lies an L2 table to which no L1 entry refers, with clusters that are in no other table: the L1 entry may have been wiped.`
    findings.add('corruption', { id: 'qcow2-lost-table', message, remedy: lostRemedy, offset })
  }
}
