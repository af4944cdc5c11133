import { releaseMemory } from '../../binary/release-memory.ts'
import { isZero } from '../../binary/zero-scan.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type { DiskWriter, DiskWriterOptions, FileWrite, PreparedChunk, WriterFormat } from '../disk-writer.ts'
import { allocationSize, sharedAllocation } from './allocation.ts'
import { encodeCompressedEntry, encodeDataEntry } from './cluster-entry.ts'
import { clusterSize, entriesPerTable, largestFile, layoutQcow2 } from './layout.ts'
import { finalTables } from './final-tables.ts'

/** One cluster of a chunk: `packed` holds its compressed bytes, null when it is stored as it is. */
interface StoredCluster {
  /** Within the chunk. */
  readonly index: number
  readonly packed: Uint8Array | null
  /** Byte offset in the file, set by `place`. */
  hostOffset: number
}

interface Qcow2Chunk extends PreparedChunk {
  readonly bytes: Uint8Array
  /** The clusters that are not all zero. */
  readonly clusters: readonly StoredCluster[]
  /** Refcount blocks that became final when this chunk took its room. */
  readonly finals: FileWrite[]
  /** Byte offset of the L2 entries of this chunk. */
  entriesAt: number
}

const clustersPerChunk = chunkSize / clusterSize
const chunksPerTable = entriesPerTable / clustersPerChunk

/**
 * Writes qcow2 version 3 in clusters of 64 KiB with 16-bit refcounts. Clusters of zeros are left unallocated.
 * A prepared chunk keeps the caller's memory until its writes are done.
 */
export const qcow2Writer: WriterFormat = {
  format: 'qcow2',
  unit: clusterSize,
  stateSize: ({ virtualSize }) => allocationSize(layoutQcow2(virtualSize)),
  open: openQcow2Writer,
  measure({ virtualSize, dataBytes }) {
    const dataClusters = Math.ceil(Math.min(dataBytes, virtualSize) / clusterSize)
    return largestFile(layoutQcow2(virtualSize), dataClusters)
  },
}

function openQcow2Writer({ virtualSize, compression, compressors, state }: DiskWriterOptions): DiskWriter {
  const layout = layoutQcow2(virtualSize)
  const allocation = sharedAllocation(state, layout)

  /** The cluster compressed, or null when that does not save a sector. */
  function pack(cluster: Uint8Array): Uint8Array | null {
    if (compression === 'none') return null
    const whole = cluster.length === clusterSize ? cluster : new Uint8Array(clusterSize)
    if (whole !== cluster) whole.set(cluster)
    const packed = compression === 'zlib' ? compressors.deflateRaw(whole) : compressors.zstd(whole)
    if (packed.length <= clusterSize - 512) return packed
    releaseMemory(packed)
    return null
  }

  return {
    prepare(index, chunk): Qcow2Chunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index)) {
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      }
      const clusters: StoredCluster[] = []
      for (let start = 0; start < chunk.length; start += clusterSize) {
        const end = Math.min(chunk.length, start + clusterSize)
        if (isZero(chunk, { start, end })) continue
        clusters.push({ index: start / clusterSize, packed: pack(chunk.subarray(start, end)), hostOffset: 0 })
      }
      return { index, bytes: chunk, clusters, finals: [], entriesAt: 0 }
    },

    place(prepared) {
      const { index, clusters, finals } = asQcow2Chunk(prepared)
      if (clusters.length === 0) return
      const tableIndex = Math.floor(index / chunksPerTable)
      if (allocation.l1[tableIndex] === 0) allocation.l1[tableIndex] = allocation.takeCluster(finals)
      const table = allocation.l1[tableIndex] ?? 0
      asQcow2Chunk(prepared).entriesAt = table * clusterSize + (index % chunksPerTable) * clustersPerChunk * 8
      for (const cluster of clusters) {
        if (cluster.packed) cluster.hostOffset = allocation.takePacked(cluster.packed.length, finals)
      }
      for (const cluster of clusters) {
        if (!cluster.packed) cluster.hostOffset = allocation.takeCluster(finals) * clusterSize
      }
    },

    *writes(prepared) {
      const chunk = asQcow2Chunk(prepared)
      if (chunk.clusters.length === 0) return
      yield* chunk.finals
      const entries = l2EntriesOf(chunk)
      yield* packedWrites(chunk)
      yield* plainWrites(chunk)
      yield { at: chunk.entriesAt, bytes: entries }
    },

    finish: () => finalTables(layout, allocation, compression),
    fileSize: () => allocation.clusters() * clusterSize,
  }
}

/** Neighbours in the chunk and in the file go with one write, straight from the chunk. */
function* plainWrites({ bytes, clusters }: Qcow2Chunk): Generator<FileWrite> {
  let first: StoredCluster | null = null
  let count = 0
  for (const cluster of clusters) {
    if (cluster.packed) continue
    const goesOn =
      first !== null &&
      cluster.index === first.index + count &&
      cluster.hostOffset === first.hostOffset + count * clusterSize
    if (first && goesOn) {
      count += 1
      continue
    }
    if (first) yield plainWrite(bytes, first, count)
    first = cluster
    count = 1
  }
  if (first) yield plainWrite(bytes, first, count)
}

function plainWrite(bytes: Uint8Array, first: StoredCluster, count: number): FileWrite {
  const start = first.index * clusterSize
  return {
    at: first.hostOffset,
    bytes: bytes.subarray(start, Math.min(bytes.length, start + count * clusterSize)),
  }
}

/** One write for each: joining them would cost a second copy of the chunk. What is written is given back at once. */
function* packedWrites({ clusters }: Qcow2Chunk): Generator<FileWrite> {
  for (const { packed, hostOffset } of clusters) {
    if (!packed) continue
    yield { at: hostOffset, bytes: packed }
    releaseMemory(packed)
  }
}

function l2EntriesOf({ bytes, clusters }: Qcow2Chunk): Uint8Array {
  const entries = new Uint8Array(Math.ceil(bytes.length / clusterSize) * 8)
  const view = new DataView(entries.buffer)
  for (const { index, packed, hostOffset } of clusters) {
    const { high, low } = packed
      ? encodeCompressedEntry(hostOffset, { storedBytes: packed.length, clusterSize })
      : encodeDataEntry(hostOffset)
    view.setUint32(index * 8, high)
    view.setUint32(index * 8 + 4, low)
  }
  return entries
}

function asQcow2Chunk(prepared: PreparedChunk): Qcow2Chunk {
  if ('clusters' in prepared && 'finals' in prepared) return prepared as Qcow2Chunk
  throw new TypeError('a chunk that another writer prepared')
}
