import { crc32c } from '../binary/crc32.ts'
import { eachRun, RunCollector, type RunList } from '../ranges/run-list.ts'
import { superblock, superblockAt, treesOf } from './btrfs.ts'
import {
  childIn,
  countIn,
  decodeChunk,
  extentTree,
  keyAt,
  nodeHeader,
  number64,
  systemChunksIn,
  TreeReader,
  types,
  viewOf,
  type Chunk,
} from './btrfs-chunks.ts'
import type { ReadFreeSpace } from './free-space.ts'

/** Features under which the extent tree names all that is used, by addresses that the chunk tree places. */
const knownIncompatible =
  0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000
const maxChunks = 64 * 1024
/** Nodes of the extent tree that are read: 1 GiB of the usual size. */
const maxNodes = 64 * 1024
const extentItem = 168
const metadataItem = 169
/** What is never given to a chunk, and the copies of the superblock, which lie inside of chunks. */
const firstChunkAt = 1024 * 1024
const superblockCopies = [64 * 1024, 64 * 1024 ** 2, 256 * 1024 ** 3]
const superblockRoom = 64 * 1024

/** Btrfs on one device: what no chunk takes, and of chunks what the extent tree does not name, in every copy; against the count of the superblock. */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const head = await region.read(superblockAt, superblock.size)
  const facts = superblock.read(head, region.name)
  if (facts.devices !== 1) return `it is spread over ${facts.devices} devices`
  if ((facts.incompatible & ~knownIncompatible) !== 0 || facts.incompatibleHigh !== 0)
    return 'it has features that Varve does not know'
  const trees = treesOf(region, facts)
  if (trees.nodeSize === 0) return `its nodes have ${facts.nodeSize} bytes`
  const reader = new TreeReader(trees, systemChunksIn(trees.systemChunks))
  const items = await reader.itemsOf(trees.chunkRoot, types.chunk, maxChunks)
  if (!items || items.length > maxChunks) return 'its chunk tree cannot be read'
  const chunks = items.flatMap(({ key, data }) => decodeChunk(key.offset, data) ?? [])
  if (chunks.length !== items.length) return 'its chunks are striped'
  reader.chunks = chunks
  const root = await reader.find(trees.root, { object: extentTree, type: types.root, offset: 0 })
  if (!root || root.length < 184) return 'its extent tree cannot be found'
  const isChecked = facts.checksumType === 0
  const used = await usedExtents(reader, {
    root: number64(viewOf(root), 176),
    nodeSize: trees.nodeSize,
    isChecked,
  })
  if (typeof used === 'string') return used
  if (used.bytes !== facts.bytesUsed)
    return `${facts.bytesUsed} bytes are said to be used, and its extent tree names ${used.bytes}`
  const taken = takenOnDevice(chunks, used.runs, facts.deviceBytes)
  if (taken === null) return 'its extents lie outside its chunks'
  let at = 0
  for (const { start, end } of eachRun(taken)) {
    if (start > at) tell(at, start - at)
    at = end
  }
  if (at > facts.deviceBytes) return 'its chunks lie beyond its end'
  if (at < facts.deviceBytes) tell(at, facts.deviceBytes - at)
  return null
}

interface ExtentTree {
  readonly root: number
  readonly nodeSize: number
  readonly isChecked: boolean
}

/** A node that is to be read, and what the one above says of it. */
interface Open {
  readonly logical: number
  readonly level: number | null
  readonly generation: number | null
}

/** The logical addresses of all extents, and how many bytes they are; or why they cannot be read. */
async function usedExtents(
  reader: TreeReader,
  { root, nodeSize, isChecked }: ExtentTree,
): Promise<{ readonly runs: RunList; readonly bytes: number } | string> {
  const collector = new RunCollector({ most: Infinity })
  let bytes = 0
  let end = 0
  const open: Open[] = [{ logical: root, level: null, generation: null }]
  let visits = 0
  for (let next = open.pop(); next; next = open.pop()) {
    visits += 1
    if (visits > maxNodes) return 'its extent tree is larger than is read'
    const node = await reader.read(next.logical)
    if (!node) return 'its extent tree cannot be followed'
    const view = viewOf(node)
    const level = node[100] ?? 0
    if (isChecked && crc32c(node.subarray(32)) !== view.getUint32(0, true))
      return 'the checksum of a node of its extent tree is wrong'
    const isOld = next.generation !== null && number64(view, 80) !== next.generation
    if (isOld || (next.level !== null && level !== next.level))
      return 'the nodes of its extent tree contradict each other'
    const count = countIn(node)
    if (level > 0) {
      for (let slot = count - 1; slot >= 0; slot -= 1)
        open.push({
          logical: childIn(view, slot),
          level: level - 1,
          generation: number64(view, nodeHeader + slot * 33 + 25),
        })
      continue
    }
    for (let slot = 0; slot < count; slot += 1) {
      const { object, type, offset } = keyAt(view, nodeHeader + slot * 25)
      if (type !== extentItem && type !== metadataItem) continue
      const length = type === metadataItem ? nodeSize : offset
      if (object < end || !Number.isSafeInteger(object + length)) return 'its extents overlap'
      end = object + length
      bytes += length
      collector.add({ start: object, end })
    }
  }
  return { runs: collector.list(), bytes }
}

/** Bytes of the device that must stay, in order; null where an extent lies in no chunk. */
function takenOnDevice(chunks: readonly Chunk[], used: RunList, deviceBytes: number): RunList | null {
  const taken = new RunCollector({ most: Infinity })
  const inOrder = chunks.toSorted((a, b) => a.logical - b.logical)
  let which = 0
  for (const { start: from, end } of eachRun(used)) {
    let start = from
    while (start < end) {
      while ((inOrder[which]?.logical ?? Infinity) + (inOrder[which]?.length ?? 0) <= start) which += 1
      const chunk = inOrder[which]
      if (!chunk || chunk.logical > start) return null
      const until = Math.min(end, chunk.logical + chunk.length)
      for (const copy of chunk.copies)
        taken.add({ start: copy + start - chunk.logical, end: copy + until - chunk.logical })
      start = until
    }
  }
  taken.add({ start: 0, end: firstChunkAt })
  for (const at of superblockCopies)
    if (at + superblockRoom <= deviceBytes) taken.add({ start: at, end: at + superblockRoom })
  return taken.list()
}
