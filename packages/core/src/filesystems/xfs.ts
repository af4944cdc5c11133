import { crc32c } from '../binary/crc32.ts'
import { ascii, bytes, u16be, u32be, u32le, u64be, u8 } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import { formatUuid } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion, type FreeRun } from './free-regions.ts'
import { isLogClean, type XfsLog } from './xfs-log.ts'

/** XFS Algorithms & Data Structures, chapter "Superblocks". */
export const superblock = struct('XFS superblock', 228, {
  magic: [0, ascii(4)],
  blockSize: [4, u32be],
  blocks: [8, u64be],
  uuid: [32, bytes(16)],
  logStart: [48, u64be], // 0: the log is on another device
  groupBlocks: [84, u32be],
  groups: [88, u32be],
  logBlocks: [96, u32be],
  version: [100, u16be],
  sectorSize: [102, u16be],
  label: [108, bytes(12)],
  groupBlocksLog: [124, u8],
  isBeingMade: [126, u8],
  freeBlocks: [144, u64be],
  readOnlyFeatures: [212, u32be], // version 5 only, as all below
  incompatible: [216, u32be],
  checksum: [224, u32le],
})
type Superblock = StructValue<typeof superblock>

/** The same, chapter "AG Free Space Block". */
export const freeSpaceBlock = struct('XFS AG free space block', 64, {
  magic: [0, ascii(4)],
  length: [12, u32be],
  root: [16, u32be],
  levels: [28, u32be],
  listBlocks: [48, u32be],
  freeBlocks: [52, u32be],
  treeBlocks: [60, u32be],
})

/** Allocation groups whose own counts are read: mkfs.xfs makes 4 below 4 TiB, a grown filesystem has hundreds. */
const maxGroupsRead = 1024
/** Groups whose counts are read at the same time. */
const groupsAtOnce = 16

/** XFS, with free space by allocation group, and whether its log waits for replay. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, 512)
  if (!head || head[0] !== 0x58 || head[1] !== 0x46 || head[2] !== 0x53 || head[3] !== 0x42) return null
  const facts = superblock.read(head, region.name)
  const contradiction = await contradictionIn(region, facts)
  const groups = contradiction === null ? await readGroups(region, facts) : null
  const isSound = contradiction === null
  const isClean = isSound ? await isLogClean(logOf(region, facts)) : null
  const size = facts.blocks * facts.blockSize
  const free = groups
    ? groups.reduce((sum, group) => sum + group.free, 0)
    : facts.freeBlocks * facts.blockSize
  return filesystemFinding(region, {
    type: 'xfs',
    sure: isSound ? 'consistent' : 'damaged',
    label: labelOf(facts.label),
    uuid: formatUuid(facts.uuid),
    size: isSound ? size : null,
    free: isSound ? free : null,
    blockSize: facts.blockSize,
    state: isClean === null ? 'unknown' : isClean ? 'clean' : 'dirty',
    notes: [
      ...(contradiction === null ? [] : [contradiction]),
      ...(isClean === false ? ['its log must be replayed'] : []),
      ...(isSound && facts.logStart === 0 ? ['its log is on another disk'] : []),
    ],
    freeByRegion: groups ? freeByRegion(region, groups) : [],
  })
}

export async function contradictionIn(region: GuestRegion, facts: Superblock): Promise<string | null> {
  const { blockSize, blocks, groups, groupBlocks, sectorSize, freeBlocks } = facts
  if (!isPowerOfTwo(blockSize) || blockSize < 512 || blockSize > 65_536)
    return `its block size is ${blockSize}`
  if (!isPowerOfTwo(sectorSize) || sectorSize < 512 || sectorSize > 32_768)
    return `its sector size is ${sectorSize}`
  if (!Number.isSafeInteger(blocks * blockSize) || freeBlocks > blocks) {
    return `it claims ${freeBlocks} free blocks of ${blocks}`
  }
  if (groups === 0 || groupBlocks === 0 || Math.ceil(blocks / groupBlocks) !== groups) {
    return `it claims ${blocks} blocks in ${groups} groups of ${groupBlocks}`
  }
  if (facts.isBeingMade !== 0) return 'making it was never finished'
  const isVersion5 = (facts.version & 0xf) === 5
  const sector = isVersion5 ? (await region.peek(0, sectorSize))?.slice() : null
  if (!sector) return null
  sector.fill(0, 224, 228)
  return crc32c(sector) === facts.checksum ? null : 'the checksum of its superblock is wrong'
}

/** Free bytes per allocation group, its free list and free-space trees included as the superblock counts them. */
async function readGroups(region: GuestRegion, facts: Superblock): Promise<FreeRun[] | null> {
  const { blockSize, groups, groupBlocks, sectorSize } = facts
  if (groups > maxGroupsRead) return null
  const readGroup = async (group: number): Promise<FreeRun | null> => {
    const at = group * groupBlocks * blockSize
    const found = await region.peek(at + sectorSize, freeSpaceBlock.size)
    const counts = found && freeSpaceBlock.read(found, region.name)
    if (counts?.magic !== 'XAGF' || counts.length > groupBlocks) return null
    const length = counts.length * blockSize
    const free = (counts.freeBlocks + counts.listBlocks + counts.treeBlocks) * blockSize
    return { at, length, free: Math.min(free, length) }
  }
  const runs: FreeRun[] = []
  while (runs.length < groups) {
    const count = Math.min(groupsAtOnce, groups - runs.length)
    const read = await Promise.all(Array.from({ length: count }, (_, i) => readGroup(runs.length + i)))
    for (const run of read) {
      if (run === null) return null
      runs.push(run)
    }
  }
  return runs
}

/** The log inside the filesystem; without blocks when it lies elsewhere. */
function logOf(region: GuestRegion, facts: Superblock): XfsLog {
  const { logStart, logBlocks, groupBlocksLog, groupBlocks, blockSize } = facts
  if (logStart === 0 || groupBlocksLog > 31) return { region, at: 0, blocks: 0 }
  // The place of a block names its group in the bits above those of the group's blocks.
  const group = Math.floor(logStart / 2 ** groupBlocksLog)
  const at = (group * groupBlocks + (logStart % 2 ** groupBlocksLog)) * blockSize
  return { region, at, blocks: Math.floor((logBlocks * blockSize) / 512) }
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0
}
