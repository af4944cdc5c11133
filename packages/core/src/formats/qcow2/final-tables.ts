import { isZero } from '../../binary/zero-scan.ts'
import type { DiskWriterOptions, FileWrite } from '../disk-writer.ts'
import { refcountBlockAt } from './allocation.ts'
import type { Allocation } from './allocation.ts'
import { encodeDataEntry, encodeTableOffset } from './cluster-entry.ts'
import type { EntryHalves } from './cluster-entry.ts'
import { featureNames, incompatibleFeatures } from './feature-bits.ts'
import { extensionTypes } from './header-extensions.ts'
import {
  extensionHead,
  featureNameEntry,
  headerMore,
  headerStart,
  headerVersion3,
  qcowMagic,
} from './header.ts'
import { clusterBits, clusterSize, clustersPerRegion } from './layout.ts'
import type { Qcow2Layout } from './layout.ts'

type Compression = DiskWriterOptions['compression']

const noTable: EntryHalves = { high: 0, low: 0 }

const headerLength = headerStart.size + headerVersion3.size + headerMore.size

/** What makes the clusters an image: last refcount block, refcount table, L1 table and, as the very last, the header. */
export function* finalTables(
  layout: Qcow2Layout,
  allocation: Allocation,
  compression: Compression,
): Generator<FileWrite> {
  const regions = Math.ceil(allocation.clusters() / clustersPerRegion)
  yield allocation.lastBlock()
  const blockEntry = (region: number) => encodeTableOffset(refcountBlockAt(region) * clusterSize)
  yield* tableWrites(layout.refcountTableAt, regions, blockEntry)
  yield* tableWrites(layout.l1At, layout.l1Entries, (index) => {
    const cluster = allocation.l1[index] ?? 0
    return cluster === 0 ? noTable : encodeDataEntry(cluster * clusterSize)
  })
  yield { at: 0, bytes: encodeHeader(layout, compression) }
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

function encodeHeader(layout: Qcow2Layout, compression: Compression): Uint8Array {
  const isZstd = compression === 'zstd'
  const parts = [
    headerStart.write({
      magic: qcowMagic,
      version: 3,
      backingFileOffset: 0,
      backingFileSize: 0,
      clusterBits,
      virtualSize: layout.virtualSize,
      cryptMethod: 0,
      l1Size: layout.l1Entries,
      l1TableOffset: layout.l1At * clusterSize,
      refcountTableOffset: layout.refcountTableAt * clusterSize,
      refcountTableClusters: layout.refcountTableClusters,
      snapshotCount: 0,
      snapshotsOffset: 0,
    }),
    headerVersion3.write({
      incompatibleHigh: 0,
      incompatibleLow: isZstd ? 2 ** incompatibleFeatures.compressionType : 0,
      compatibleHigh: 0,
      compatibleLow: 0,
      autoclearHigh: 0,
      autoclearLow: 0,
      refcountOrder: 4,
      headerLength,
    }),
    headerMore.write({ compressionType: isZstd ? 1 : 0, padding: new Uint8Array(7) }),
    extensionHead.write({
      type: extensionTypes.featureNames,
      length: featureNames.length * featureNameEntry.size,
    }),
    ...featureNames.map(({ type, bit, name }) =>
      featureNameEntry.write({ type, bit, name: paddedName(name) }),
    ),
    extensionHead.write({ type: extensionTypes.end, length: 0 }),
  ]
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function paddedName(name: string): Uint8Array {
  const bytes = new Uint8Array(46)
  new TextEncoder().encodeInto(name, bytes)
  return bytes
}
