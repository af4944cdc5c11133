import { crc32c } from '../binary/crc32.ts'
import { bytes, u16le, u32le } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import { formatUuid } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion, type FreeRun } from './free-regions.ts'

export const superblockAt = 1024

/** Linux, Documentation/filesystems/ext4: "Super Block". */
export const superblock = struct('ext superblock', 1024, {
  blocksLow: [0x04, u32le],
  freeBlocksLow: [0x0c, u32le],
  firstDataBlock: [0x14, u32le],
  blockSizeLog: [0x18, u32le], // block size = 1024 << this
  clusterSizeLog: [0x1c, u32le],
  blocksPerGroup: [0x20, u32le],
  clustersPerGroup: [0x24, u32le],
  inodesPerGroup: [0x28, u32le],
  magic: [0x38, u16le],
  state: [0x3a, u16le],
  revision: [0x4c, u32le],
  inodeSize: [0x58, u16le],
  compat: [0x5c, u32le],
  incompat: [0x60, u32le],
  readOnlyCompat: [0x64, u32le],
  uuid: [0x68, bytes(16)],
  volumeName: [0x78, bytes(16)],
  lastMounted: [0x88, bytes(64)],
  reservedDescriptorBlocks: [0xce, u16le],
  descriptorSize: [0xfe, u16le],
  firstMetaGroup: [0x104, u32le],
  blocksHigh: [0x150, u32le],
  freeBlocksHigh: [0x158, u32le],
  backupGroup1: [0x24c, u32le],
  backupGroup2: [0x250, u32le],
  checksumSeed: [0x270, u32le],
  checksum: [0x3fc, u32le],
})
export type Superblock = StructValue<typeof superblock>

const isClean = 0x1
const hasErrors = 0x2
const compat = { journal: 0x4, sparseSuper2: 0x200 }
export const incompat = {
  recover: 0x4,
  journalDevice: 0x8,
  metaBlockGroups: 0x10,
  ext4: 0x40 | 0x80 | 0x200,
  wide: 0x80,
}
export const readOnlyCompat = {
  sparseSuper: 0x1,
  ext4: 0x8 | 0x10 | 0x20 | 0x40,
  groupChecksums: 0x10,
  bigAlloc: 0x200,
  checksums: 0x400,
}

/** Bytes of group descriptors that are read: enough for 8 TiB in groups of 128 MiB. */
const maxDescriptorBytes = 4 * 1024 * 1024

/** ext2, ext3 or ext4, with free space by block group. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(superblockAt, superblock.size)
  if (!head) return null
  const facts = superblock.read(head, region.name)
  if (facts.magic !== 0xef53) return null
  if (facts.blockSizeLog > 6 || facts.blocksPerGroup === 0) return null
  if ((facts.incompat & incompat.journalDevice) !== 0) {
    return filesystemFinding(region, { type: 'ext journal', uuid: formatUuid(facts.uuid) })
  }
  const blockSize = 1024 << facts.blockSizeLog
  const blocks = wide(facts, facts.blocksLow, facts.blocksHigh)
  const toldFree = wide(facts, facts.freeBlocksLow, facts.freeBlocksHigh)
  const contradiction = contradictionIn(facts, head, { blocks, free: toldFree })
  const groups = contradiction === null ? await readGroups(region, facts, { blocks, blockSize }) : null
  const free = groups ? groups.reduce((sum, group) => sum + group.free, 0) : toldFree * blockSize
  const size = blocks * blockSize
  const isSound = contradiction === null && free <= size && Number.isSafeInteger(size)
  return filesystemFinding(region, {
    type: typeOf(facts),
    sure: isSound ? 'consistent' : 'damaged',
    label: labelOf(facts.volumeName),
    uuid: formatUuid(facts.uuid),
    size: Number.isSafeInteger(size) ? size : null,
    free: isSound ? free : null,
    blockSize,
    state: (facts.state & isClean) !== 0 && (facts.incompat & incompat.recover) === 0 ? 'clean' : 'dirty',
    // resize2fs(8) asks for its force then: it was never tested whole.
    ...((facts.readOnlyCompat & readOnlyCompat.bigAlloc) !== 0 && { fixedBy: 'bigalloc' }),
    notes: notesOf(facts, contradiction),
    freeByRegion: isSound && groups ? freeByRegion(region, groups) : [],
  })
}

function typeOf(facts: Superblock): string {
  const isExt4 =
    (facts.incompat & incompat.ext4) !== 0 ||
    (facts.readOnlyCompat & (readOnlyCompat.ext4 | readOnlyCompat.checksums)) !== 0
  if (isExt4) return 'ext4'
  return (facts.compat & compat.journal) !== 0 ? 'ext3' : 'ext2'
}

function notesOf(facts: Superblock, contradiction: string | null): string[] {
  const notes = contradiction === null ? [] : [contradiction]
  const lastMounted = labelOf(facts.lastMounted)
  if (lastMounted !== null) notes.push(`last mounted on ${lastMounted}`)
  if ((facts.incompat & incompat.recover) !== 0) notes.push('its journal must be replayed')
  if ((facts.state & hasErrors) !== 0) notes.push('its kernel found errors in it')
  return notes
}

function contradictionIn(
  facts: Superblock,
  head: Uint8Array,
  { blocks, free }: { readonly blocks: number; readonly free: number },
): string | null {
  const hasChecksum = (facts.readOnlyCompat & readOnlyCompat.checksums) !== 0
  if (hasChecksum && crc32c(head.subarray(0, 0x3fc), { raw: true }) !== facts.checksum) {
    return 'the checksum of its superblock is wrong'
  }
  if (free > blocks) return `it claims ${free} free blocks of ${blocks}`
  return blocks <= facts.firstDataBlock ? `it claims ${blocks} blocks` : null
}

/** Free bytes per block group ("Block Group Descriptors"); null where they are too many, or not there. */
async function readGroups(
  region: GuestRegion,
  facts: Superblock,
  { blocks, blockSize }: { readonly blocks: number; readonly blockSize: number },
): Promise<FreeRun[] | null> {
  const isWide = (facts.incompat & incompat.wide) !== 0
  const descriptorSize = isWide ? facts.descriptorSize : 32
  const count = Math.ceil((blocks - facts.firstDataBlock) / facts.blocksPerGroup)
  if (descriptorSize < 32 || count * descriptorSize > maxDescriptorBytes) return null
  const descriptors = await readDescriptors(region, facts, { blockSize, descriptorSize, count })
  if (!descriptors) return null
  const hasClusters = (facts.readOnlyCompat & readOnlyCompat.bigAlloc) !== 0 && facts.clusterSizeLog <= 20
  const unit = hasClusters ? 1024 * 2 ** facts.clusterSizeLog : blockSize
  const view = new DataView(descriptors.buffer, descriptors.byteOffset, descriptors.length)
  return Array.from({ length: count }, (_, group) => {
    const at = group * descriptorSize
    const high = descriptorSize >= 64 ? view.getUint16(at + 0x2c, true) : 0
    const free = (view.getUint16(at + 0x0c, true) + high * 0x1_0000) * unit
    const firstBlock = facts.firstDataBlock + group * facts.blocksPerGroup
    const length = Math.min(facts.blocksPerGroup, blocks - firstBlock) * blockSize
    return { at: firstBlock * blockSize, length, free: Math.min(free, length) }
  })
}

interface Descriptors {
  readonly blockSize: number
  readonly descriptorSize: number
  readonly count: number
}

/** All descriptors in one piece: behind the superblock, and with `meta_bg` from some group on a block per meta group. */
export async function readDescriptors(
  region: GuestRegion,
  facts: Superblock,
  { blockSize, descriptorSize, count }: Descriptors,
): Promise<Uint8Array | null> {
  // The superblock ends in block 1 when blocks have 1 KiB, even where bigalloc counts groups from block 0.
  const together = Math.max(superblockAt + superblock.size, blockSize)
  const length = count * descriptorSize
  if ((facts.incompat & incompat.metaBlockGroups) === 0) return region.peek(together, length)
  const perBlock = Math.floor(blockSize / descriptorSize)
  if (blockSize % descriptorSize !== 0 || Math.ceil(count / perBlock) > maxMetaGroups) return null
  const descriptors = new Uint8Array(length)
  for (let index = 0; index * blockSize < length; index += 1) {
    const group = index * perBlock
    const firstBlock = facts.firstDataBlock + group * facts.blocksPerGroup
    const at =
      index < facts.firstMetaGroup
        ? together + index * blockSize
        : group === 0
          ? together
          : (firstBlock + (hasSuperblock(facts, group) ? 1 : 0)) * blockSize
    const block = await region.peek(at, Math.min(blockSize, length - index * blockSize))
    if (!block) return null
    descriptors.set(block, index * blockSize)
  }
  return descriptors
}

/** Meta groups are read one by one: of 64 groups each where blocks have 4 KiB, so that these reach 16 TiB. */
const maxMetaGroups = 2048

/** Whether that block group begins with a copy of the superblock ("Sparse Superblock"). */
export function hasSuperblock(facts: Superblock, group: number): boolean {
  if (group === 0) return true
  if ((facts.compat & compat.sparseSuper2) !== 0) {
    return group === facts.backupGroup1 || group === facts.backupGroup2
  }
  if (group === 1 || (facts.readOnlyCompat & readOnlyCompat.sparseSuper) === 0) return true
  return [3, 5, 7].some((base) => isPowerOf(base, group))
}

function isPowerOf(base: number, value: number): boolean {
  let power = base
  while (power < value) power *= base
  return power === value
}

export function wide(facts: Superblock, low: number, high: number): number {
  return (facts.incompat & incompat.wide) !== 0 ? high * 0x1_0000_0000 + low : low
}
