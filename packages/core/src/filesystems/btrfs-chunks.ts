import { countBefore } from '../binary/bisect.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { FreeRun } from './free-regions.ts'

/** What the superblock tells of its trees; addresses are logical. */
export interface BtrfsTrees {
  readonly region: GuestRegion
  readonly nodeSize: number
  readonly deviceBytes: number
  readonly root: number
  readonly chunkRoot: number
  /** The chunks that hold the chunk tree itself: keys and items in turn. */
  readonly systemChunks: Uint8Array
}

export interface Key {
  readonly object: number
  readonly type: number
  readonly offset: number
}

/** A run of logical addresses, and where each copy of it lies on the device. */
export interface Chunk {
  readonly logical: number
  readonly length: number
  readonly copies: readonly number[]
}

/** Chunks up to which block groups are looked up: each costs a search; some 64 GiB of data. */
const maxChunks = 64
const maxNodes = 512
const maxLevels = 8
export const nodeHeader = 101
export const types = { root: 132, blockGroup: 192, chunk: 228 }
export const extentTree = 2
const striped = 0x8 | 0x40 | 0x80 | 0x100 // RAID0, RAID10, RAID5, RAID6

/**
 * Free bytes of a filesystem on one device by chunk and by the gaps between them, each copy of DUP counted (Btrfs on-disk
 * format, "Chunk Item" and "Block Group Item"); null where there are too many chunks or a tree cannot be followed.
 */
export async function readFreeRuns(trees: BtrfsTrees): Promise<FreeRun[] | null> {
  const system = systemChunksIn(trees.systemChunks)
  const reader = new TreeReader(trees, system)
  const items = await reader.itemsOf(trees.chunkRoot, types.chunk)
  if (!items || items.length > maxChunks) return null
  const chunks = items.flatMap(({ key, data }) => decodeChunk(key.offset, data) ?? [])
  if (chunks.length !== items.length) return null
  reader.chunks = chunks
  const root = await reader.find(trees.root, { object: extentTree, type: types.root, offset: 0 })
  if (!root || root.length < 184) return null
  const extents = number64(viewOf(root), 176)
  const runs: FreeRun[] = []
  for (const { logical, length, copies } of chunks) {
    const group = await reader.find(extents, { object: logical, type: types.blockGroup, offset: length })
    const used = group && group.length >= 24 ? number64(viewOf(group), 0) : Infinity
    if (used > length) return null
    for (const at of copies) runs.push({ at, length, free: length - used })
  }
  return withGaps(runs, trees.deviceBytes)
}

/** The runs in order, with what no chunk takes between them; null when they overlap or leave the device. */
function withGaps(runs: readonly FreeRun[], deviceBytes: number): FreeRun[] | null {
  const all: FreeRun[] = []
  let end = 0
  for (const run of runs.toSorted((a, b) => a.at - b.at)) {
    if (run.at < end || run.at + run.length > deviceBytes) return null
    if (run.at > end)
      all.push({ at: end, length: run.at - end, free: Math.max(0, run.at - Math.max(end, reserved)) })
    all.push(run)
    end = run.at + run.length
  }
  if (end < deviceBytes) all.push({ at: end, length: deviceBytes - end, free: deviceBytes - end })
  return all
}

/** The first MiB is never given to a chunk. */
const reserved = 1024 * 1024

export class TreeReader {
  chunks: readonly Chunk[]
  readonly #trees: BtrfsTrees
  readonly #nodes = new Map<number, Uint8Array | null>()

  constructor(trees: BtrfsTrees, chunks: readonly Chunk[]) {
    this.#trees = trees
    this.chunks = chunks
  }

  /** Items of one type in all leaves of a tree, in order, up to one leaf beyond `maxItems`. */
  async itemsOf(
    root: number,
    type: number,
    maxItems = maxChunks,
  ): Promise<{ key: Key; data: Uint8Array }[] | null> {
    const found: { key: Key; data: Uint8Array }[] = []
    const open = [{ logical: root, depth: 0 }]
    let visits = 0
    for (let next = open.pop(); next && found.length <= maxItems; next = open.pop()) {
      const node = await this.#node(next.logical)
      visits += 1
      if (!node || next.depth > maxLevels || visits > maxNodes) return null
      const view = viewOf(node)
      for (let slot = countIn(node) - 1; slot >= 0; slot -= 1) {
        if (node[100] !== 0) open.push({ logical: childIn(view, slot), depth: next.depth + 1 })
      }
      if (node[100] !== 0) continue
      for (let slot = 0; slot < countIn(node); slot += 1) {
        const key = keyAt(view, nodeHeader + slot * 25)
        const data = dataIn(node, slot)
        if (key.type === type && data) found.push({ key, data })
      }
    }
    return found
  }

  /** The item of that key; null when it is not there. */
  async find(root: number, key: Key): Promise<Uint8Array | null> {
    let logical = root
    for (let level = 0; level < maxLevels; level += 1) {
      const node = await this.#node(logical)
      if (!node) return null
      const view = viewOf(node)
      const isLeaf = node[100] === 0
      const slot = lastNotAfter(view, countIn(node), { size: isLeaf ? 25 : 33, key })
      if (slot < 0) return null
      if (!isLeaf) logical = childIn(view, slot)
      else return compareKeys(keyAt(view, nodeHeader + slot * 25), key) === 0 ? dataIn(node, slot) : null
    }
    return null
  }

  /** A node that says its own address; null for anything else, and when too many were read. */
  async #node(logical: number): Promise<Uint8Array | null> {
    const known = this.#nodes.get(logical)
    if (known !== undefined) return known
    if (this.#nodes.size >= maxNodes) return null
    const node = await this.read(logical)
    this.#nodes.set(logical, node)
    return node
  }

  /** The same of any number of nodes; none is remembered. */
  async read(logical: number): Promise<Uint8Array | null> {
    const chunk = this.chunks.find(
      ({ logical: start, length }) => logical >= start && logical < start + length,
    )
    const [copy] = chunk?.copies ?? []
    const at = chunk && copy !== undefined ? copy + logical - chunk.logical : -1
    const bytes = at >= 0 ? await this.#trees.region.peek(at, this.#trees.nodeSize) : null
    return bytes && number64(viewOf(bytes), 48) === logical ? bytes : null
  }
}

export function systemChunksIn(array: Uint8Array): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = 0; at + 17 + 80 <= array.length;) {
    const key = keyAt(viewOf(array), at)
    const size = 48 + 32 * viewOf(array).getUint16(at + 17 + 44, true)
    const chunk = decodeChunk(key.offset, array.subarray(at + 17, at + 17 + size))
    if (key.type !== types.chunk || !chunk) break
    chunks.push(chunk)
    at += 17 + size
  }
  return chunks
}

export function decodeChunk(logical: number, item: Uint8Array): Chunk | null {
  if (item.length < 80) return null
  const view = viewOf(item)
  const count = view.getUint16(44, true)
  if (count === 0 || 48 + 32 * count > item.length || (view.getUint32(24, true) & striped) !== 0) return null
  const copies = Array.from({ length: count }, (_, stripe) => number64(view, 48 + 32 * stripe + 8))
  const length = number64(view, 0)
  return [logical, length, ...copies].every(Number.isSafeInteger) ? { logical, length, copies } : null
}

export function countIn(node: Uint8Array): number {
  const most = Math.floor((node.length - nodeHeader) / (node[100] === 0 ? 25 : 33))
  return Math.min(viewOf(node).getUint32(96, true), most)
}

export function childIn(view: DataView, slot: number): number {
  return number64(view, nodeHeader + slot * 33 + 17)
}

export function dataIn(node: Uint8Array, slot: number): Uint8Array | null {
  const view = viewOf(node)
  const at = nodeHeader + view.getUint32(nodeHeader + slot * 25 + 17, true)
  const end = at + view.getUint32(nodeHeader + slot * 25 + 21, true)
  return end <= node.length ? node.subarray(at, end) : null
}

/** The last slot whose key is not behind `key`, or −1. */
function lastNotAfter(view: DataView, count: number, { size, key }: { size: number; key: Key }): number {
  return countBefore(count, (slot) => compareKeys(keyAt(view, nodeHeader + slot * size), key) <= 0) - 1
}

export function keyAt(view: DataView, at: number): Key {
  return { object: number64(view, at), type: view.getUint8(at + 8), offset: number64(view, at + 9) }
}

function compareKeys(a: Key, b: Key): number {
  if (a.object !== b.object) return a.object < b.object ? -1 : 1
  if (a.type !== b.type) return a.type - b.type
  return a.offset === b.offset ? 0 : a.offset < b.offset ? -1 : 1
}

/** Infinity above 2^53−1: nothing that is looked for lies there. */
export function number64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true)
  return high > 0x1f_ffff ? Infinity : high * 0x1_0000_0000 + view.getUint32(at, true)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
