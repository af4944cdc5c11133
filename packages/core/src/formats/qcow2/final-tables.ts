import { isZero } from '../../binary/zero-scan.ts'
import type { FileWrite } from '../../image/disk-writer.ts'
import { refcountBlockAt } from './allocation.ts'
import { encodeDataEntry, encodeTableOffset } from './cluster-entry.ts'
import type { EntryHalves } from './cluster-entry.ts'
import { encodeHeader, type HeaderOptions } from './encode-header.ts'
import { clusterSize, clustersPerRegion } from './layout.ts'
import type { Qcow2Layout } from './layout.ts'
import type { Placement } from './placement.ts'

const noTable: EntryHalves = { high: 0, low: 0 }

/** What makes the clusters an image: the last refcount blocks and tables and, as the very last, the header. */
export function* finalTables(
  layout: Qcow2Layout,
  placement: Placement,
  options: HeaderOptions,
): Generator<FileWrite> {
  const regions = Math.ceil(placement.clusters() / clustersPerRegion)
  yield* placement.rest()
  const blockEntry = (region: number) => encodeTableOffset(refcountBlockAt(region) * clusterSize)
  yield* tableWrites(layout.refcountTableAt, regions, blockEntry)
  yield* tableWrites(layout.l1At, layout.l1Entries, (index) => {
    const cluster = placement.tableAt(index)
    return cluster === 0 ? noTable : encodeDataEntry(cluster * clusterSize)
  })
  yield { at: 0, bytes: encodeHeader(layout, options) }
}

/** A table of 64-bit entries from cluster `at` on, a cluster at a time; clusters without entries stay holes. */
function* tableWrites(
  at: number,
  entries: number,
  entryOf: (index: number) => EntryHalves,
): Generator<FileWrite> {
  const perCluster = clusterSize / 8
  for (let first = 0; first < entries; first += perCluster) {
    const count = Math.min(perCluster, entries - first)
    const bytes = new Uint8Array(count * 8)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < count; i += 1) {
      const { high, low } = entryOf(first + i)
      view.setUint32(i * 8, high)
      view.setUint32(i * 8 + 4, low)
    }
    if (!isZero(bytes)) yield { at: at * clusterSize + first * 8, bytes }
  }
}
