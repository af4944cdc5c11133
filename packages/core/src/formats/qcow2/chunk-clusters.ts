import type { ByteRange } from '../../ranges/byte-range.ts'
import { equalBytes } from '../../binary/equal-bytes.ts'
import { isZero } from '../../binary/zero-scan.ts'
import type { FileWrite, PreparedChunk } from '../../image/disk-writer.ts'
import { encodeCompressedEntry, encodeDataEntry, type EntryHalves, type EntryWords } from './cluster-entry.ts'
import { clusterSize, subclusterSize, type Qcow2Layout } from './layout.ts'

/** One cluster of a chunk that has an L2 entry. */
export interface StoredCluster {
  /** Within the chunk. */
  readonly index: number
  /** `zeros` takes no room in the file: zeros where the backing file holds data. */
  readonly kind: 'plain' | 'packed' | 'zeros'
  /** Its compressed bytes; empty unless it is packed. */
  readonly packed: Uint8Array
  /** Subclusters that are zeros where the backing file holds data, and those with data of their own. */
  readonly zeroBits: number
  readonly dataBits: number
  /** Byte offset in the file, set when it gets its place. */
  hostOffset: number
}

export interface Qcow2Chunk extends PreparedChunk {
  readonly bytes: Uint8Array
  readonly clusters: readonly StoredCluster[]
  /** Refcount blocks that became final when this chunk took its room. */
  readonly finals: FileWrite[]
  /** Byte offset of the L2 entries of this chunk; null where they are written with the tables. */
  entriesAt: number | null
}

export interface ClusterRules {
  /** What the backing file has at that place. */
  readonly below: Uint8Array | undefined
  readonly extendedL2: boolean
  /** The cluster compressed, or null when it is stored as it is. */
  readonly pack: (cluster: Uint8Array) => Uint8Array | null
}

const nothing = new Uint8Array()

/** The clusters of `chunk` that the image has to say something about: those that differ from what lies below. */
export function clustersOf(chunk: Uint8Array, { below, extendedL2, pack }: ClusterRules): StoredCluster[] {
  const clusters: StoredCluster[] = []
  for (let start = 0; start < chunk.length; start += clusterSize) {
    const end = Math.min(chunk.length, start + clusterSize)
    const content = contentOf(chunk, below, { start, end })
    if (content === 'absent') continue
    const bits = extendedL2 ? subclusterBits(chunk, below, { start, end }) : noBits
    const isData = content === 'data' && (!extendedL2 || bits.dataBits !== 0)
    const packed = isData ? pack(chunk.subarray(start, end)) : null
    const kind = packed ? 'packed' : isData ? 'plain' : 'zeros'
    clusters.push({ index: start / clusterSize, kind, packed: packed ?? nothing, ...bits, hostOffset: 0 })
  }
  return clusters
}

const noBits = { zeroBits: 0, dataBits: 0 }

function contentOf(chunk: Uint8Array, below: Uint8Array | undefined, range: ByteRange) {
  const content = isZero(chunk, range) ? 'zeros' : 'data'
  if (below) return equalBytes(chunk, below, range) ? 'absent' : content
  return content === 'zeros' ? 'absent' : content
}

function subclusterBits(chunk: Uint8Array, below: Uint8Array | undefined, { start, end }: ByteRange) {
  let zeroBits = 0
  let dataBits = 0
  for (let bit = 0; bit < 32 && start + bit * subclusterSize < end; bit += 1) {
    const from = start + bit * subclusterSize
    const content = contentOf(chunk, below, { start: from, end: Math.min(end, from + subclusterSize) })
    if (content === 'zeros') zeroBits |= 1 << bit
    if (content === 'data') dataBits |= 1 << bit
  }
  return { zeroBits: zeroBits >>> 0, dataBits: dataBits >>> 0 }
}

/** The L2 entries of a chunk whose clusters have their places. */
export function chunkEntries({ bytes, clusters }: Qcow2Chunk, { entrySize }: Qcow2Layout): Uint8Array {
  const entries = new Uint8Array(Math.ceil(bytes.length / clusterSize) * entrySize)
  const view = new DataView(entries.buffer)
  for (const cluster of clusters)
    setEntry(view, cluster.index * entrySize, entrySize === 8 ? plainWords(cluster) : extendedWords(cluster))
  return entries
}

/** Writes the words of an L2 entry; the bitmap only where there is one. */
export function setEntry(view: DataView, at: number, words: EntryHalves & Partial<EntryWords>): void {
  view.setUint32(at, words.high)
  view.setUint32(at + 4, words.low)
  if (words.zeroBits === undefined || words.dataBits === undefined) return
  view.setUint32(at + 8, words.zeroBits)
  view.setUint32(at + 12, words.dataBits)
}

/** qcow2.rst, "Standard Cluster Descriptor": bit 0 says that the cluster reads as zeros. */
function plainWords(cluster: StoredCluster): EntryHalves {
  if (cluster.kind === 'zeros') return { high: 0, low: 1 }
  return placedWords(cluster)
}

/** qcow2.rst, "Extended L2 Entries": a compressed cluster has an empty bitmap. */
function extendedWords(cluster: StoredCluster): EntryWords {
  const { kind, zeroBits, dataBits } = cluster
  if (kind === 'zeros') return { high: 0, low: 0, zeroBits, dataBits }
  const bits = kind === 'packed' ? { zeroBits: 0, dataBits: 0 } : { zeroBits, dataBits }
  return { ...placedWords(cluster), ...bits }
}

function placedWords({ kind, packed, hostOffset }: StoredCluster): EntryHalves {
  return kind === 'packed'
    ? encodeCompressedEntry(hostOffset, { storedBytes: packed.length, clusterSize })
    : encodeDataEntry(hostOffset)
}
