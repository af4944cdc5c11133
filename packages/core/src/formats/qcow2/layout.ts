import type { WriteChoices } from '../../image/image-choices.ts'
import { assertSize } from '../writable-sizes.ts'

/*
 * A new image, in clusters of 64 KiB:
 *
 *   0        header
 *   1        refcount block of region 0
 *   2 …      refcount table, long enough for a full disk
 *   …        L1 table
 *   …        data and L2 tables in the order in which chunks are placed
 *
 * A region is what one refcount block counts: 32,768 clusters, 2 GiB of the file. The first cluster of every further
 * region is its refcount block. Thus the counts of a region are final when the next one begins, and one page of counts
 * is all that is kept in memory.
 */

export const clusterBits = 16
export const clusterSize = 2 ** clusterBits
/** Parts of a cluster that extended L2 entries tell apart. */
export const subclusterSize = clusterSize / 32
/** Clusters that one refcount block counts, 16 bits each. */
export const clustersPerRegion = clusterSize / 2

/** Where the parts of fixed place lie; offsets are in clusters. */
export interface Qcow2Layout {
  readonly virtualSize: number
  /** Clusters that hold the whole disk. */
  readonly dataClusters: number
  /** Bytes of an L2 entry: 16 with subclusters. */
  readonly entrySize: 8 | 16
  /** L2 entries in a table. */
  readonly entriesPerTable: number
  readonly l1Entries: number
  readonly refcountTableAt: number
  readonly refcountTableClusters: number
  readonly l1At: number
  readonly l1Clusters: number
  /** The first cluster for data and L2 tables. */
  readonly firstFree: number
}

/** The layout of a disk of `virtualSize` bytes; throws `size-unsupported`. */
export function layoutQcow2(
  virtualSize: number,
  { extendedL2 = false }: Pick<WriteChoices, 'extendedL2'> = {},
): Qcow2Layout {
  assertSize('qcow2', { virtualSize })
  const entrySize = extendedL2 ? 16 : 8
  const entriesPerTable = clusterSize / entrySize
  const dataClusters = Math.ceil(virtualSize / clusterSize)
  const l1Entries = Math.max(1, Math.ceil(dataClusters / entriesPerTable))
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterSize)
  let refcountTableClusters = 1
  for (;;) {
    const others = 1 + refcountTableClusters + l1Clusters + l1Entries + dataClusters
    const needed = Math.ceil((regionsFor(others) * 8) / clusterSize)
    if (needed <= refcountTableClusters) break
    refcountTableClusters = needed
  }
  const refcountTableAt = 2
  const l1At = refcountTableAt + refcountTableClusters
  return {
    virtualSize,
    dataClusters,
    entrySize,
    entriesPerTable,
    l1Entries,
    refcountTableAt,
    refcountTableClusters,
    l1At,
    l1Clusters,
    firstFree: l1At + l1Clusters,
  }
}

/** Bytes of an image whose data fills `dataClusters` clusters under that many L2 tables. */
export function largestFile(
  layout: Qcow2Layout,
  { dataClusters, l2Tables }: { readonly dataClusters: number; readonly l2Tables: number },
): number {
  const others = layout.firstFree - 1 + l2Tables + dataClusters
  return (others + regionsFor(others)) * clusterSize
}

/** Regions, and so refcount blocks, of a file with `others` clusters besides its refcount blocks. */
function regionsFor(others: number): number {
  return Math.max(1, Math.ceil(others / (clustersPerRegion - 1)))
}
