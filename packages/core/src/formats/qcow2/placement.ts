import type { FileWrite } from '../../image/disk-writer.ts'
import { chunkSize } from '../../digest/disk-digest.ts'
import { refcountBlockAt, sharedAllocation } from './allocation.ts'
import { setEntry, type Qcow2Chunk } from './chunk-clusters.ts'
import { encodeDataEntry } from './cluster-entry.ts'
import { clusterSize, clustersPerRegion, type Qcow2Layout } from './layout.ts'

/** Where the clusters of a new image lie. */
export interface Placement {
  /** Gives the clusters of a chunk their places; never by two threads at once. */
  place(chunk: Qcow2Chunk): void
  /** Clusters of the file so far. */
  clusters(): number
  /** The cluster of the nth L2 table, 0 where there is none. */
  tableAt(index: number): number
  /** The refcount blocks and L2 tables that the chunks did not write. */
  rest(): Iterable<FileWrite>
}

const clustersPerChunk = chunkSize / clusterSize

/** Places as data comes, in the order of chunks, over memory that all threads share. */
export function growingPlacement(layout: Qcow2Layout, state: ArrayBufferLike): Placement {
  const allocation = sharedAllocation(state, layout)
  const chunksPerTable = layout.entriesPerTable / clustersPerChunk
  return {
    place(chunk) {
      const { index, clusters, finals } = chunk
      if (clusters.length === 0) return
      const tableIndex = Math.floor(index / chunksPerTable)
      if (allocation.l1[tableIndex] === 0) allocation.l1[tableIndex] = allocation.takeCluster(finals)
      const table = allocation.l1[tableIndex] ?? 0
      const entry = (index % chunksPerTable) * clustersPerChunk
      chunk.entriesAt = table * clusterSize + entry * layout.entrySize
      for (const cluster of clusters) {
        if (cluster.kind === 'packed')
          cluster.hostOffset = allocation.takePacked(cluster.packed.length, finals)
      }
      for (const cluster of clusters) {
        if (cluster.kind === 'plain') cluster.hostOffset = allocation.takeCluster(finals) * clusterSize
      }
    },
    clusters: () => allocation.clusters(),
    tableAt: (index) => allocation.l1[index] ?? 0,
    rest: () => [allocation.lastBlock()],
  }
}

/** Every cluster of the disk has its place from the start: each L2 table, then the clusters that it maps. */
export function preallocatedPlacement(layout: Qcow2Layout): Placement {
  const { dataClusters, entriesPerTable, entrySize, firstFree } = layout
  const inFirstRegion = clustersPerRegion - firstFree
  const tables = Math.ceil(dataClusters / entriesPerTable)
  const total = dataClusters === 0 ? firstFree : nth(dataClusters + tables - 1) + 1

  /** The nth cluster that is free for tables and data: those of the refcount blocks are not. */
  function nth(order: number): number {
    if (order < inFirstRegion) return firstFree + order
    const further = order - inFirstRegion
    const region = 1 + Math.floor(further / (clustersPerRegion - 1))
    return region * clustersPerRegion + 1 + (further % (clustersPerRegion - 1))
  }

  const tableAt = (index: number) => (index < tables ? nth(index * (1 + entriesPerTable)) : 0)
  const dataAt = (cluster: number) => nth(cluster + Math.floor(cluster / entriesPerTable) + 1)

  function* rest(): Generator<FileWrite> {
    for (let region = 0; region * clustersPerRegion < total; region += 1) {
      const counts = new DataView(new ArrayBuffer(clusterSize))
      const used = Math.min(clustersPerRegion, total - region * clustersPerRegion)
      for (let index = 0; index < used; index += 1) counts.setUint16(index * 2, 1)
      yield { at: refcountBlockAt(region) * clusterSize, bytes: new Uint8Array(counts.buffer) }
    }
    for (let table = 0; table < tables; table += 1) {
      const entries = new DataView(new ArrayBuffer(clusterSize))
      const first = table * entriesPerTable
      const count = Math.min(entriesPerTable, dataClusters - first)
      for (let index = 0; index < count; index += 1) {
        const place = encodeDataEntry(dataAt(first + index) * clusterSize)
        const bitmap = entrySize === 16 ? { zeroBits: 0, dataBits: 0xffff_ffff } : {}
        setEntry(entries, index * entrySize, { ...place, ...bitmap })
      }
      yield { at: tableAt(table) * clusterSize, bytes: new Uint8Array(entries.buffer) }
    }
  }

  return {
    place({ index, clusters }) {
      for (const cluster of clusters)
        cluster.hostOffset = dataAt(index * clustersPerChunk + cluster.index) * clusterSize
    },
    clusters: () => total,
    tableAt,
    rest,
  }
}
