import { crc32c } from '../binary/crc32.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { RunCollector, runsWithin, type RunList } from '../ranges/run-list.ts'
import {
  hasSuperblock,
  incompat,
  readDescriptors,
  readOnlyCompat,
  superblock,
  superblockAt,
  wide,
  type Superblock,
} from './ext.ts'
import { clearBits, type ReadFreeSpace, type TellFree } from './free-space.ts'

/** Features under which bitmaps mean what they mean here; one that is not known may give blocks another meaning. */
const knownIncompat =
  0x2 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x1_0000 | 0x2_0000
const knownReadOnly =
  0x1 |
  0x2 |
  0x4 |
  0x8 |
  0x10 |
  0x20 |
  0x40 |
  0x100 |
  0x200 |
  0x400 |
  0x1000 |
  0x2000 |
  0x4000 |
  0x8000 |
  0x1_0000
const checksumSeedFeature = 0x2000
/** In the flags of a group: its bitmap was never written. */
const bitmapNotWritten = 0x2
/** Groups that are looked at, at most: 128 TiB in groups of 128 MiB. */
const maxGroups = 1024 * 1024

interface Layout {
  readonly facts: Superblock
  readonly blocks: number
  readonly blockSize: number
  /** Blocks that a bit of a bitmap stands for. */
  readonly blocksPerBit: number
  readonly descriptorSize: number
  readonly groups: readonly Group[]
}

interface Group {
  readonly firstBlock: number
  readonly blocks: number
  readonly bitmap: number
  readonly inodeBitmap: number
  readonly inodeTable: number
  readonly freeBits: number
  readonly isUnwritten: boolean
  readonly checksum: number
}

/** ext2, ext3, ext4: the block bitmap of each group ("Block and inode Bitmaps"), against the count that its descriptor gives. */
export const readFreeSpace: ReadFreeSpace = async (region, tell) => {
  const facts = superblock.read(await region.read(superblockAt, superblock.size), region.name)
  if ((facts.incompat & ~knownIncompat) !== 0 || (facts.readOnlyCompat & ~knownReadOnly) !== 0)
    return 'it has features that Varve does not know'
  const layout = await readLayout(region, facts)
  if (typeof layout === 'string') return layout
  const own = placesOfItsOwn(layout)
  for (const [number, group] of layout.groups.entries()) {
    const reason = await readGroup(region, { layout, group, own }, tell)
    if (reason !== null) return `block group ${number}: ${reason}`
  }
  return null
}

async function readLayout(region: GuestRegion, facts: Superblock): Promise<Layout | string> {
  const blockSize = 1024 * 2 ** facts.blockSizeLog
  const blocks = wide(facts, facts.blocksLow, facts.blocksHigh)
  const hasClusters = (facts.readOnlyCompat & readOnlyCompat.bigAlloc) !== 0
  const blocksPerBit = hasClusters ? 2 ** (facts.clusterSizeLog - facts.blockSizeLog) : 1
  const bits = hasClusters ? facts.clustersPerGroup : facts.blocksPerGroup
  const isPossible =
    Number.isInteger(blocksPerBit) &&
    bits > 0 &&
    bits <= blockSize * 8 &&
    bits * blocksPerBit === facts.blocksPerGroup
  if (!isPossible) return `it claims ${bits} units in a group of ${facts.blocksPerGroup} blocks`
  const isWide = (facts.incompat & incompat.wide) !== 0
  const descriptorSize = isWide ? facts.descriptorSize : 32
  const count = Math.ceil((blocks - facts.firstDataBlock) / facts.blocksPerGroup)
  if (descriptorSize < (isWide ? 64 : 32) || count > maxGroups)
    return 'it has more block groups than are read'
  const descriptors = await readDescriptors(region, facts, { blockSize, descriptorSize, count })
  if (!descriptors) return 'its group descriptors cannot be read'
  const view = new DataView(descriptors.buffer, descriptors.byteOffset, descriptors.length)
  const flagsCount = (facts.readOnlyCompat & (readOnlyCompat.groupChecksums | readOnlyCompat.checksums)) !== 0
  const groups = Array.from({ length: count }, (_, index): Group => {
    const at = index * descriptorSize
    const block = (low: number, high: number) =>
      view.getUint32(at + low, true) + (isWide ? view.getUint32(at + high, true) * 0x1_0000_0000 : 0)
    const short = (low: number, high: number) =>
      view.getUint16(at + low, true) + (isWide ? view.getUint16(at + high, true) * 0x1_0000 : 0)
    const firstBlock = facts.firstDataBlock + index * facts.blocksPerGroup
    return {
      firstBlock,
      blocks: Math.min(facts.blocksPerGroup, blocks - firstBlock),
      bitmap: block(0x00, 0x20),
      inodeBitmap: block(0x04, 0x24),
      inodeTable: block(0x08, 0x28),
      freeBits: short(0x0c, 0x2c),
      isUnwritten: flagsCount && (view.getUint16(at + 0x12, true) & bitmapNotWritten) !== 0,
      checksum: short(0x18, 0x38),
    }
  })
  return { facts, blocks, blockSize, blocksPerBit, descriptorSize, groups }
}

/** Blocks of superblocks, descriptors, bitmaps and inode tables, widened to what one bit stands for: never free, whatever a group says. */
function placesOfItsOwn({ facts, blockSize, blocksPerBit, descriptorSize, groups }: Layout): RunList {
  const collector = new RunCollector({ most: groups.length * 5 + 1 })
  const add = (start: number, count: number) => {
    const floor = Math.floor((start - facts.firstDataBlock) / blocksPerBit)
    const end = Math.ceil((start + count - facts.firstDataBlock) / blocksPerBit)
    collector.add({
      start: facts.firstDataBlock + floor * blocksPerBit,
      end: facts.firstDataBlock + end * blocksPerBit,
    })
  }
  const inodeSize = facts.revision === 0 ? 128 : facts.inodeSize
  const tableBlocks = Math.ceil((facts.inodesPerGroup * inodeSize) / blockSize)
  const descriptorBlocks = Math.ceil((groups.length * descriptorSize) / blockSize)
  const perBlock = Math.floor(blockSize / descriptorSize)
  const isMeta = (facts.incompat & incompat.metaBlockGroups) !== 0
  for (const [index, { firstBlock, bitmap, inodeBitmap, inodeTable }] of groups.entries()) {
    const hasCopy = hasSuperblock(facts, index)
    const inMeta = index % perBlock
    const isOfMeta = isMeta && Math.floor(index / perBlock) >= facts.firstMetaGroup
    const copied = isMeta ? Math.min(facts.firstMetaGroup, descriptorBlocks) : descriptorBlocks
    if (hasCopy) add(firstBlock, 1 + (isOfMeta ? 0 : copied + facts.reservedDescriptorBlocks))
    if (isOfMeta && (inMeta === 0 || inMeta === 1 || inMeta === perBlock - 1))
      add(firstBlock + (hasCopy ? 1 : 0), 1)
    add(bitmap, 1)
    add(inodeBitmap, 1)
    add(inodeTable, tableBlocks)
  }
  return collector.list()
}

interface GroupRead {
  readonly layout: Layout
  readonly group: Group
  readonly own: RunList
}

async function readGroup(
  region: GuestRegion,
  { layout, group, own }: GroupRead,
  tell: TellFree,
): Promise<string | null> {
  const { blockSize, blocksPerBit } = layout
  const { firstBlock, blocks } = group
  const count = Math.ceil(blocks / blocksPerBit)
  let told = 0
  /** What is not of the filesystem's own; in blocks. */
  const tellRest = (start: number, end: number) => {
    if (start >= end) return
    told += Math.ceil((end - start) / blocksPerBit)
    tell(start * blockSize, (end - start) * blockSize)
  }
  const tellBlocks: TellFree = (start, length) => {
    const end = Math.min(start + length, firstBlock + blocks)
    let at = start
    for (const taken of runsWithin(own, { start, end })) {
      tellRest(at, taken.start)
      at = taken.end
    }
    tellRest(at, end)
  }
  if (group.isUnwritten) {
    tellBlocks(firstBlock, blocks)
    return told === group.freeBits ? null : `${group.freeBits} are said to be free of it, and ${told} can be`
  }
  const bytes = await region.peek(group.bitmap * blockSize, blockSize)
  if (!bytes) return 'its bitmap lies beyond the end'
  if (!isWhole(layout, group, bytes)) return 'the checksum of its bitmap is wrong'
  const scan = clearBits({ count, size: blocksPerBit, firstAt: firstBlock }, tellBlocks)
  scan.add(bytes)
  const free = scan.end()
  if (free !== group.freeBits) return `${group.freeBits} are said to be free, and its bitmap has ${free}`
  return told === free ? null : 'its bitmap calls places of its own tables free'
}

/** Whether the checksum of a bitmap is right, where there is one ("Checksums"). */
function isWhole({ facts, descriptorSize, blocksPerBit }: Layout, group: Group, bitmap: Uint8Array): boolean {
  if ((facts.readOnlyCompat & readOnlyCompat.checksums) === 0) return true
  const seed =
    (facts.incompat & checksumSeedFeature) !== 0 ? facts.checksumSeed : crc32c(facts.uuid, { raw: true })
  const covered = bitmap.subarray(0, facts.blocksPerGroup / blocksPerBit / 8)
  const checksum = crc32c(covered, { start: seed, raw: true })
  return (descriptorSize >= 64 ? checksum : checksum & 0xffff) === group.checksum
}
