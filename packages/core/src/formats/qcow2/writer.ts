import { releaseMemory } from '../../binary/release-memory.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type {
  DiskWriter,
  DiskWriterOptions,
  FileWrite,
  PreparedChunk,
  WriterFormat,
} from '../../image/disk-writer.ts'
import { assertChoices } from '../write-choices.ts'
import { allocationSize } from './allocation.ts'
import { chunkEntries, clustersOf, type Qcow2Chunk, type StoredCluster } from './chunk-clusters.ts'
import { finalTables } from './final-tables.ts'
import { clusterSize, largestFile, layoutQcow2 } from './layout.ts'
import { growingPlacement, preallocatedPlacement, type Placement } from './placement.ts'

/**
 * Writes qcow2 version 3 in clusters of 64 KiB with 16-bit refcounts. Clusters of zeros, and in an overlay those that equal
 * the backing file, are left unallocated. A prepared chunk keeps the caller's memory until its writes are done.
 */
export const qcow2Writer: WriterFormat = {
  format: 'qcow2',
  unit: clusterSize,
  hasIdentity: false,
  stateSize(options) {
    assertChoices('qcow2', options)
    const layout = layoutQcow2(options.virtualSize, options.choices)
    return isPreallocated(options) ? 0 : allocationSize(layout)
  },
  open: openQcow2Writer,
  measure({ virtualSize, dataBytes, choices = {} }) {
    const layout = layoutQcow2(virtualSize, choices)
    const { l1Entries } = layout
    if (isPreallocated({ choices })) return preallocatedPlacement(layout).clusters() * clusterSize
    const dataClusters = Math.ceil(Math.min(dataBytes, virtualSize) / clusterSize)
    // Zeros over data of the backing file take no cluster, but an entry in a table.
    const l2Tables = choices.backing ? l1Entries : Math.min(l1Entries, dataClusters)
    return largestFile(layout, { dataClusters, l2Tables })
  },
}

function isPreallocated({ choices }: Pick<DiskWriterOptions, 'choices'>): boolean {
  return (choices?.preallocation ?? 'off') !== 'off'
}

function openQcow2Writer(options: DiskWriterOptions): DiskWriter {
  const { virtualSize, compression, compressors, state, choices = {} } = options
  assertChoices('qcow2', options)
  const { preallocation = 'off', extendedL2 = false } = choices
  const layout = layoutQcow2(virtualSize, choices)
  const placement: Placement =
    preallocation === 'off' ? growingPlacement(layout, state) : preallocatedPlacement(layout)
  const fileSize = () => placement.clusters() * clusterSize

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
    *reserve() {
      if (preallocation === 'falloc') yield { at: 0, length: fileSize(), how: 'allocate' }
      if (preallocation === 'full') yield { at: 0, length: fileSize(), how: 'zeros' }
    },

    prepare(index, chunk, below): Qcow2Chunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index)) {
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      }
      const clusters = clustersOf(chunk, { below, extendedL2, pack })
      return { index, bytes: chunk, clusters, finals: [], entriesAt: null }
    },

    place: (prepared) => placement.place(asQcow2Chunk(prepared)),
    placesAreFixed: preallocation !== 'off',

    *writes(prepared) {
      const chunk = asQcow2Chunk(prepared)
      if (chunk.clusters.length === 0) return
      yield* chunk.finals
      const entries = chunk.entriesAt === null ? null : chunkEntries(chunk, layout)
      yield* packedWrites(chunk)
      yield* plainWrites(chunk)
      if (chunk.entriesAt !== null && entries) yield { at: chunk.entriesAt, bytes: entries }
    },

    finish: () => finalTables(layout, placement, { compression, choices }),
    fileSize,
  }
}

/** Neighbours in the chunk and in the file go with one write, straight from the chunk. */
function* plainWrites({ bytes, clusters }: Qcow2Chunk): Generator<FileWrite> {
  let first: StoredCluster | null = null
  let count = 0
  for (const cluster of clusters) {
    if (cluster.kind !== 'plain') continue
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
  for (const { kind, packed, hostOffset } of clusters) {
    if (kind !== 'packed') continue
    yield { at: hostOffset, bytes: packed }
    releaseMemory(packed)
  }
}

function asQcow2Chunk(prepared: PreparedChunk): Qcow2Chunk {
  if ('clusters' in prepared && 'finals' in prepared) return prepared as Qcow2Chunk
  throw new TypeError('a chunk that another writer prepared')
}
