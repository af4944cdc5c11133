import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import type { Qcow2Header } from './header.ts'
import { tableOffset } from './cluster-entry.ts'

/** Clusters that are counted at once, with four bytes and a quarter for each: larger files take more than one pass. */
export const windowClusters = 32 * 1024 * 1024
/** Counts above this are taken for this. */
export const mostCounted = 0xfffe
/** A stored count that cannot be read. */
export const unknownCount = 0xffff

/** Clusters `first` up to but not including `end`. */
export interface ClusterWindow {
  readonly first: number
  readonly end: number
}

/** How often each cluster of a window is referred to, and which hold tables. */
export class ReferenceCounts {
  readonly window: ClusterWindow
  readonly #clusterSize: number
  readonly #counts: Uint16Array
  readonly #tables: Uint8Array
  readonly #overlaps: Uint8Array

  constructor(window: ClusterWindow, clusterSize: number) {
    const length = window.end - window.first
    this.window = window
    this.#clusterSize = clusterSize
    this.#counts = new Uint16Array(length)
    this.#tables = new Uint8Array(Math.ceil(length / 8))
    this.#overlaps = new Uint8Array(Math.ceil(length / 8))
  }

  /** Counts `times` references to the clusters that bytes `offset` to `offset + size` touch. */
  add(offset: number, size: number, { times = 1, isTable = false } = {}): void {
    if (size <= 0) return
    const { first, end } = this.window
    const from = Math.max(first, Math.floor(offset / this.#clusterSize))
    const to = Math.min(end - 1, Math.floor((offset + size - 1) / this.#clusterSize))
    for (let cluster = from; cluster <= to; cluster += 1) {
      const index = cluster - first
      const mask = 1 << (index & 7)
      if (((this.#tables[index >>> 3] ?? 0) & mask) !== 0 || (isTable && this.#counts[index] !== 0))
        this.#overlaps[index >>> 3] = (this.#overlaps[index >>> 3] ?? 0) | mask
      if (isTable) this.#tables[index >>> 3] = (this.#tables[index >>> 3] ?? 0) | mask
      this.#counts[index] = Math.min(mostCounted, (this.#counts[index] ?? 0) + times)
    }
  }

  count(cluster: number): number {
    return this.#counts[cluster - this.window.first] ?? 0
  }

  /** Whether the cluster holds a table and something else besides, which no image may have. */
  isOverlap(cluster: number): boolean {
    const index = cluster - this.window.first
    return (((this.#overlaps[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1
  }
}

/** The refcount table as it lies in the file (qcow2.rst, "Host cluster management"). */
export interface RefcountTable {
  /** Of each refcount block its offset; 0: not there; -1: nowhere that a block can be. */
  readonly blocks: Float64Array
  readonly bits: number
  /** Clusters that one block counts. */
  readonly perBlock: number
}

export interface RefcountTableFault {
  readonly index: number
  readonly offset: number
  readonly reason: string
}

/** Reads the refcount table; entries that cannot be right are -1 and told to `onFault`. */
export async function readRefcountTable(
  source: ByteSource,
  header: Qcow2Header,
  onFault: (fault: RefcountTableFault) => void,
): Promise<RefcountTable> {
  const { refcountTableOffset: start, refcountTableClusters, clusterSize, refcountOrder } = header
  const bits = 2 ** refcountOrder
  const size = refcountTableClusters * clusterSize
  const bytes = await readRange(source, { start, end: start + size }, 'refcount table')
  const view = new DataView(bytes.buffer)
  const blocks = new Float64Array(size / 8)
  for (let index = 0; index < blocks.length; index += 1) {
    const high = view.getUint32(index * 8)
    const low = view.getUint32(index * 8 + 4)
    const offset = tableOffset(high, low)
    const reason = faultOf({ high, low, offset, clusterSize, fileSize: source.size })
    if (reason !== null) onFault({ index, offset: start + index * 8, reason })
    blocks[index] = reason === null ? offset : -1
  }
  return { blocks, bits, perBlock: (clusterSize * 8) / bits }
}

interface TableEntry {
  readonly high: number
  readonly low: number
  readonly offset: number
  readonly clusterSize: number
  readonly fileSize: number
}

function faultOf({ high, low, offset, clusterSize, fileSize }: TableEntry): string | null {
  if ((low & 0x1ff) !== 0 || high > 0x00ff_ffff) return 'has reserved bits set'
  if (offset % clusterSize !== 0) return `names byte ${offset}, off any cluster boundary`
  if (offset + clusterSize > Math.ceil(fileSize / clusterSize) * clusterSize)
    return `names byte ${offset}, outside the file`
  return null
}

/** The counts that the file holds for the clusters of a window; `unknownCount` where their block cannot be read. */
export async function readStoredCounts(
  source: ByteSource,
  table: RefcountTable,
  window: ClusterWindow,
): Promise<Uint16Array> {
  const { blocks, bits, perBlock } = table
  const stored = new Uint16Array(window.end - window.first)
  const firstBlock = Math.floor(window.first / perBlock)
  const lastBlock = Math.min(blocks.length - 1, Math.floor((window.end - 1) / perBlock))
  for (let index = firstBlock; index <= lastBlock; index += 1) {
    const from = Math.max(window.first, index * perBlock)
    const to = Math.min(window.end, (index + 1) * perBlock)
    const offset = blocks[index] ?? 0
    if (offset === 0) continue
    if (offset < 0) {
      stored.fill(unknownCount, from - window.first, to - window.first)
      continue
    }
    const view = await readBlock(source, offset, (perBlock * bits) / 8)
    for (let cluster = from; cluster < to; cluster += 1)
      stored[cluster - window.first] = Math.min(mostCounted, storedCount(view, cluster % perBlock, bits))
  }
  return stored
}

/** A refcount block; what lies past the end of the file counts as zeros, as everywhere in the last cluster. */
async function readBlock(source: ByteSource, offset: number, size: number): Promise<DataView> {
  const bytes = new Uint8Array(size)
  const length = Math.max(0, Math.min(size, source.size - offset))
  if (length > 0) await source.readInto(bytes.subarray(0, length), offset)
  return new DataView(bytes.buffer)
}

/** The count at place `index` of a refcount block with `bits` per count; small ones start at the lowest bit. */
export function storedCount(view: DataView, index: number, bits: number): number {
  switch (bits) {
    case 8:
      return view.getUint8(index)
    case 16:
      return view.getUint16(index * 2)
    case 32:
      return view.getUint32(index * 4)
    case 64:
      return view.getUint32(index * 8) * 0x1_0000_0000 + view.getUint32(index * 8 + 4)
    default: {
      const perByte = 8 / bits
      return (view.getUint8(Math.floor(index / perByte)) >>> (bits * (index % perByte))) & ((1 << bits) - 1)
    }
  }
}
