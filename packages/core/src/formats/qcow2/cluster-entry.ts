/** How an image stores its clusters; fixed for the whole image. */
export interface ClusterGeometry {
  readonly clusterBits: number
  readonly version: number
  /** L2 entries of 16 bytes with a bitmap of 32 subclusters. */
  readonly hasSubclusters: boolean
  /** Clusters live in an external data file, at their guest offsets. */
  readonly hasDataFile: boolean
}

/** What an L2 entry says about one cluster (qcow2.rst, "L2 table entry" and "Extended L2 Entries"). */
export type ClusterEntry =
  | { readonly kind: 'unallocated' }
  | { readonly kind: 'zero' }
  | { readonly kind: 'data'; readonly hostOffset: number }
  /** `storedSize`: bytes up to the end of the last sector of 512; the stream may end before. */
  | { readonly kind: 'compressed'; readonly hostOffset: number; readonly storedSize: number }
  /** Of each subcluster, bit 0 first: in `allocated` data, in `zeros` zeros, in neither absent. */
  | {
      readonly kind: 'mixed'
      readonly hostOffset: number
      readonly allocated: number
      readonly zeros: number
    }
  | { readonly kind: 'invalid'; readonly reason: string }

/** A table entry of 64 bits as two words. */
export interface EntryHalves {
  readonly high: number
  readonly low: number
}

/** An L2 entry as four words; the last two are zero without subclusters. */
export interface EntryWords extends EntryHalves {
  /** Subclusters that read as zeros. */
  readonly zeroBits: number
  /** Subclusters that hold data. */
  readonly dataBits: number
}

export const twoTo32 = 0x1_0000_0000
const compressedFlag = 0x4000_0000
const copiedFlag = 0x8000_0000
const allSubclusters = 0xffff_ffff

const unallocated: ClusterEntry = { kind: 'unallocated' }
const zero: ClusterEntry = { kind: 'zero' }

/** The one place that knows the bits of an L2 entry. */
export function decodeClusterEntry(words: EntryWords, geometry: ClusterGeometry): ClusterEntry {
  if ((words.high & compressedFlag) !== 0) return decodeCompressed(words, geometry)
  const hostOffset = tableOffset(words.high, words.low)
  if (hostOffset % 2 ** geometry.clusterBits !== 0)
    return invalid(`a cluster is said to lie at ${hostOffset}, off any boundary`)
  const isAllocated = hostOffset !== 0 || (geometry.hasDataFile && (words.high & copiedFlag) !== 0)
  if (geometry.hasSubclusters) return decodeSubclusters(words, isAllocated ? hostOffset : null)
  if ((words.low & 1) !== 0) {
    return geometry.version < 3 ? invalid('a zero cluster in an image of version 2') : zero
  }
  return isAllocated ? { kind: 'data', hostOffset } : unallocated
}

/** Bits 9 to 55 of an L1 or L2 entry: a byte offset in the file. */
export function tableOffset(high: number, low: number): number {
  return (high & 0x00ff_ffff) * twoTo32 + ((low & 0xffff_fe00) >>> 0)
}

/** A refcount table entry: a byte offset and no flags. */
export function encodeTableOffset(hostOffset: number): EntryHalves {
  return { high: Math.floor(hostOffset / twoTo32), low: hostOffset % twoTo32 }
}

/** An L1 or L2 entry for a cluster that nothing else uses. */
export function encodeDataEntry(hostOffset: number): EntryHalves {
  const { high, low } = encodeTableOffset(hostOffset)
  return { high: (copiedFlag | high) >>> 0, low }
}

/** An L2 entry for a compressed cluster (qcow2.rst, "Compressed Clusters Descriptor"). */
export function encodeCompressedEntry(
  hostOffset: number,
  { storedBytes, clusterSize }: { storedBytes: number; clusterSize: number },
): EntryHalves {
  const highOffsetBits = 38 - Math.log2(clusterSize)
  const moreSectors = Math.floor((hostOffset + storedBytes - 1) / 512) - Math.floor(hostOffset / 512)
  const high = (compressedFlag | (moreSectors << highOffsetBits) | Math.floor(hostOffset / twoTo32)) >>> 0
  return { high, low: hostOffset % twoTo32 }
}

function decodeCompressed({ high, low }: EntryWords, geometry: ClusterGeometry): ClusterEntry {
  if (geometry.hasDataFile) return invalid('a compressed cluster in an image with an external data file')
  const highOffsetBits = 38 - geometry.clusterBits
  const hostOffset = (high & (2 ** highOffsetBits - 1)) * twoTo32 + (low >>> 0)
  const moreSectors = (high >>> highOffsetBits) & (2 ** (geometry.clusterBits - 8) - 1)
  return { kind: 'compressed', hostOffset, storedSize: (moreSectors + 1) * 512 - (hostOffset % 512) }
}

function decodeSubclusters({ zeroBits, dataBits }: EntryWords, hostOffset: number | null): ClusterEntry {
  const zeros = zeroBits >>> 0
  const allocated = dataBits >>> 0
  if ((zeros & allocated) !== 0) return invalid('a subcluster is said to be both data and zeros')
  if (hostOffset === null && allocated !== 0)
    return invalid('a subcluster holds data, but its cluster has no place')
  if (zeros === allSubclusters) return zero
  if (hostOffset !== null && allocated === allSubclusters) return { kind: 'data', hostOffset }
  if (zeros === 0 && allocated === 0) return unallocated
  return { kind: 'mixed', hostOffset: hostOffset ?? 0, allocated, zeros }
}

function invalid(reason: string): ClusterEntry {
  return { kind: 'invalid', reason }
}
