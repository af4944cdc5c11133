import { countBefore } from '../../binary/bisect.ts'
import { isHole } from '../../binary/byte-source.ts'
import { isZero } from '../../binary/zero-scan.ts'
import type { CheckScene, Walk } from './check-walk.ts'
import { tableOffset } from './cluster-entry.ts'
import type { EmptyTables } from './empty-tables.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { l2EntrySize, l2TableSpan, type Qcow2Header } from './header.ts'
import type { ReferenceCounts } from './reference-counts.ts'

/*
 * Clusters that are counted and not mapped are either room that was never given back, or all that is left of guest data
 * whose table was wiped. What tells them apart:
 *
 * | seen                                                       | then                                                  |
 * | ---------------------------------------------------------- | ----------------------------------------------------- |
 * | the dirty bit is set                                       | refcounts are no evidence (lazy refcounts): leaks     |
 * | the cluster holds zeros, and there is no backing file      | nothing is lost with it: leak                         |
 * | an L1 entry names an L2 table of nothing but zeros         | clusters with data may have been in it: possibly lost |
 * | a sector of zeros in an L2 table, and the cluster that     | the sector may have named it: possibly lost           |
 * | follows the one before it (or precedes the one behind it)  |                                                       |
 * | an L2 table itself is not mapped, and names such clusters  | its L1 entry was wiped: possibly lost                 |
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
  const inOrder = [...withData]
  const sectors = [...evidence.emptyTables.beside].filter(([cluster]) => isIn(inOrder, cluster))
  const whole = withData.size > 0 ? evidence.emptyTables.whole : []
  if (whole.length + orphans.length + sectors.length === 0) return new Set()
  tellTables(scene, { whole, orphans, sectors: sectors.map(([, at]) => at), walk: evidence.walk })
  return withData
}

interface Contents<Run> {
  readonly withData: ReadonlySet<Run>
  /** Clusters that hold L2 tables of lost clusters. */
  readonly orphans: readonly number[]
}

async function lookInto<Run extends UncountedRun>(
  { source, header, signal }: CheckScene,
  evidence: Evidence<Run>,
): Promise<Contents<Run>> {
  const { clusterSize } = header
  const withData = new Set<Run>()
  const orphans: number[] = []
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
      if (isZero(bytes)) continue
      withData.add(run)
      if (length === clusterSize && isLostTable(bytes, header, evidence)) orphans.push(cluster)
    }
  }
  return { withData, orphans }
}

/**
 * Whether a cluster can be nothing but an L2 table of the active disk that names clusters which nothing else refers to. The
 * copied flag is asked for: without it, it may be what is left of a deleted snapshot or bitmap.
 */
function isLostTable(
  bytes: Uint8Array,
  header: Qcow2Header,
  { counts, storedOf }: Evidence<UncountedRun>,
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { clusterSize } = header
  let lost = 0
  for (let at = 0; at < view.byteLength; at += l2EntrySize(header)) {
    const [high, low] = [view.getUint32(at), view.getUint32(at + 4)]
    const offset = tableOffset(high, low)
    if ((high & 0x3f00_0000) !== 0 || (low & 0x1fe) !== 0 || offset % clusterSize !== 0) return false
    const isCopied = high >= 0x8000_0000
    if (offset === 0 || !isCopied) continue
    const cluster = offset / clusterSize
    if (counts.count(cluster) === 0 && (storedOf(cluster) ?? 0) > 0) lost += 1
  }
  return lost > 0
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
