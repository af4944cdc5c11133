import { crc32c } from '../binary/crc32.ts'
import type { StructValue } from '../binary/struct.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { ReadFreeSpace, TellFree } from './free-space.ts'
import { contradictionIn, freeSpaceBlock, superblock } from './xfs.ts'

/** Version 5 features under which free space lies where it always did. */
const knownIncompatible = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100
const needsRepair = 0x10
const knownReadOnly = 0x1 | 0x2 | 0x4 | 0x8
const maxGroups = 64 * 1024
const maxLevels = 9
const none = 0xffff_ffff
/** Of a sector of the AG free space block in version 5. */
const sectorChecksumAt = 216
/** Of a block of the tree in version 5, whose header is longer. */
const blockChecksumAt = 52
const headers = { long: 56, short: 16 }

interface Geometry {
  readonly blockSize: number
  readonly sectorSize: number
  readonly groupBlocks: number
  readonly blocks: number
  readonly isVersion5: boolean
}

/** XFS: the tree of free extents by place of each allocation group ("AG Free Space B+trees"), against the group's count. */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const facts = superblock.read(await region.read(0, 512), region.name)
  const contradiction = await contradictionIn(region, facts)
  if (contradiction !== null) return contradiction
  const isVersion5 = (facts.version & 0xf) === 5
  if (isVersion5 && (facts.incompatible & needsRepair) !== 0) return 'it says that it must be repaired'
  if (
    isVersion5 &&
    ((facts.incompatible & ~knownIncompatible) !== 0 || (facts.readOnlyFeatures & ~knownReadOnly) !== 0)
  )
    return 'it has features that Varve does not know'
  if (facts.groups > maxGroups) return 'it has more allocation groups than are read'
  for (let group = 0; group < facts.groups; group += 1) {
    const reason = await readGroup(region, { ...facts, isVersion5 }, group, tell)
    if (reason !== null) return `allocation group ${group}: ${reason}`
  }
  return null
}

async function readGroup(
  region: GuestRegion,
  geometry: Geometry,
  group: number,
  tell: TellFree,
): Promise<string | null> {
  const { blockSize, sectorSize, groupBlocks, blocks, isVersion5 } = geometry
  const start = group * groupBlocks * blockSize
  const sector = await region.peek(start + sectorSize, sectorSize)
  if (!sector) return 'it lies beyond the end'
  const counts = freeSpaceBlock.read(sector, region.name)
  const length = Math.min(groupBlocks, blocks - group * groupBlocks)
  if (counts.magic !== 'XAGF' || counts.length !== length) return 'its free space block is damaged'
  if (isVersion5 && !isWhole(sector, sectorChecksumAt)) return 'the checksum of its free space block is wrong'
  return readTree(region, { ...geometry, start, length, counts }, tell)
}

interface Tree extends Geometry {
  /** Byte of the region where the group starts. */
  readonly start: number
  readonly length: number
  readonly counts: StructValue<typeof freeSpaceBlock>
}

/** From leaf to leaf: they name each other. */
async function readTree(region: GuestRegion, tree: Tree, tell: TellFree): Promise<string | null> {
  const { blockSize, start, length, counts, isVersion5 } = tree
  const headerSize = isVersion5 ? headers.long : headers.short
  if (counts.levels < 1 || counts.levels > maxLevels) return `its tree claims ${counts.levels} levels`
  let next = counts.root
  for (let level = counts.levels - 1; level > 0; level -= 1) {
    const node = await readBlock(region, tree, next, level)
    if (typeof node === 'string') return node
    const mostRecords = Math.floor((blockSize - headerSize) / 12)
    next = node.getUint32(headerSize + mostRecords * 8)
  }
  let free = 0
  let end = 0
  for (let leaves = 0; next !== none; leaves += 1) {
    const leaf = await readBlock(region, tree, next, 0)
    if (typeof leaf === 'string') return leaf
    if (leaves > counts.length / 2) return 'its tree goes round in a circle'
    const records = leaf.getUint16(6)
    const isPossible = headerSize + records * 8 <= blockSize && (records > 0 || counts.levels === 1)
    if (!isPossible) return 'a block of its tree is damaged'
    for (let record = 0; record < records; record += 1) {
      const at = leaf.getUint32(headerSize + record * 8)
      const count = leaf.getUint32(headerSize + record * 8 + 4)
      // The first blocks hold the group's own headers.
      if (at < Math.max(end, 1) || count === 0 || at + count > length)
        return 'its tree names impossible extents'
      end = at + count
      free += count
      tell(start + at * blockSize, count * blockSize)
    }
    next = leaf.getUint32(12)
  }
  return free === counts.freeBlocks
    ? null
    : `${counts.freeBlocks} blocks are said to be free, and its tree has ${free}`
}

async function readBlock(
  region: GuestRegion,
  { blockSize, start, length, isVersion5 }: Tree,
  block: number,
  level: number,
): Promise<DataView | string> {
  const bytes = block < length ? await region.peek(start + block * blockSize, blockSize) : null
  if (!bytes) return 'its tree leaves it'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const magic = String.fromCharCode(...bytes.subarray(0, 4))
  const isRight = magic === (isVersion5 ? 'AB3B' : 'ABTB') && view.getUint16(4) === level
  if (!isRight) return 'a block of its tree is damaged'
  if (isVersion5 && !isWhole(bytes, blockChecksumAt)) return 'the checksum of a block of its tree is wrong'
  return view
}

function isWhole(bytes: Uint8Array, checksumAt: number): boolean {
  const copy = bytes.slice()
  const told = new DataView(copy.buffer).getUint32(checksumAt, true)
  copy.fill(0, checksumAt, checksumAt + 4)
  return crc32c(copy) === told
}
