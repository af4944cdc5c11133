import { bytes, u16le, u32le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { hasSuperblock, readOnlyCompat, superblock, superblockAt, wide } from './ext.ts'
import { exactLabel, type FilesystemRecipe } from './filesystem-recipe.ts'

/** Linux, Documentation/filesystems/ext4: "Super Block"; what a new filesystem is made with. */
const making = struct('ext superblock', 1024, {
  inodes: [0x00, u32le],
  reservedBlocksLow: [0x08, u32le],
  freeInodes: [0x10, u32le],
  errors: [0x3c, u16le],
  compat: [0x5c, u32le],
  incompat: [0x60, u32le],
  readOnlyCompat: [0x64, u32le],
  volumeName: [0x78, bytes(16)],
  lastMounted: [0x88, bytes(64)],
  journalInode: [0xe0, u32le],
  defaultMountOptions: [0x100, u32le],
  journalBackup: [0x10c, bytes(68)],
  reservedBlocksHigh: [0x154, u32le],
  stride: [0x164, u16le],
  stripeWidth: [0x170, u32le],
  mountOptions: [0x200, bytes(64)],
})

/** As `mke2fs -O` calls them; null: it makes none of that. */
const compatNames: Readonly<Record<number, string | null>> = {
  0x4: 'has_journal',
  0x8: 'ext_attr',
  0x10: 'resize_inode',
  0x20: 'dir_index',
  0x200: 'sparse_super2',
  0x400: 'fast_commit',
  0x1000: 'orphan_file',
}
/** What is read while its names or contents are not what they seem, or spans disks, is not here: encryption, case folding, multiple mounts. */
const incompatNames: Readonly<Record<number, string | null>> = {
  0x2: 'filetype',
  0x10: 'meta_bg',
  0x40: 'extent',
  0x80: '64bit',
  0x200: 'flex_bg',
  0x400: 'ea_inode',
  0x2000: 'metadata_csum_seed',
  0x4000: 'large_dir',
  0x8000: 'inline_data',
}
const readOnlyNames: Readonly<Record<number, string | null>> = {
  0x1: 'sparse_super',
  0x2: 'large_file',
  0x8: 'huge_file',
  0x10: 'uninit_bg',
  0x20: 'dir_nlink',
  0x40: 'extra_isize',
  0x100: 'quota',
  0x200: 'bigalloc',
  0x400: 'metadata_csum',
  0x2000: 'project',
}
/** By what they forbid, in words. */
const unmadeNames: Readonly<Record<string, string>> = {
  'compat 0x800': 'stable_inodes (numbers of inodes that stay)',
  'incompat 0x100': 'mmp (protection against two hosts)',
  'incompat 0x10000': 'encrypt (encrypted folders)',
  'incompat 0x20000': 'casefold (names without case)',
  'read-only 0x8000': 'verity (sealed files)',
}

const errorWays = ['continue', 'remount-ro', 'panic'] as const

/** How one makes another ext2, ext3 or ext4 like that; null where it is none. */
export async function readExtRecipe(region: GuestRegion): Promise<FilesystemRecipe | null> {
  const head = await region.peek(superblockAt, superblock.size)
  if (!head) return null
  const facts = superblock.read(head, region.name)
  if (facts.magic !== 0xef53 || facts.blockSizeLog > 6 || facts.blocksPerGroup === 0) return null
  const made = making.read(head, region.name)
  const blockSize = 1024 << facts.blockSizeLog
  const blocks = wide(facts, facts.blocksLow, facts.blocksHigh)
  const sets = [
    namesOf('compat', made.compat, compatNames),
    namesOf('incompat', made.incompat, incompatNames),
    namesOf('read-only', made.readOnlyCompat, readOnlyNames),
  ]
  const features = sets.flatMap(({ names }) => names)
  const label = exactLabel(made.volumeName)
  const reserved = wide(facts, made.reservedBlocksLow, made.reservedBlocksHigh)
  const journalBytes = journalSize(made.journalBackup)
  const inodeSize = facts.revision === 0 ? 128 : facts.inodeSize
  const hasClusters = (facts.readOnlyCompat & readOnlyCompat.bigAlloc) !== 0 && facts.clusterSizeLog <= 20
  return {
    kind: 'ext',
    label: label ?? null,
    blockSize,
    inodeSize,
    clusterSize: hasClusters ? 1024 * 2 ** facts.clusterSizeLog : null,
    inodes: made.inodes,
    usedInodes: Math.max(0, made.inodes - made.freeInodes),
    features,
    reservedShare: blocks > 0 ? Math.min(0.5, reserved / blocks) : 0,
    errors: errorWays[made.errors - 1] ?? 'continue',
    mountOptions: made.defaultMountOptions,
    journalBytes,
    stride: made.stride,
    stripeWidth: made.stripeWidth,
    ownBytes: ownBytes(facts, { blockSize, blocks, inodes: made.inodes, inodeSize, journalBytes }),
    unmade: [
      ...sets.flatMap(({ unmade }) => unmade),
      ...(facts.revision === 0 ? ['revision 0'] : []),
      ...(features.includes('has_journal') && made.journalInode === 0 ? ['a journal on another disk'] : []),
    ],
    unkept: [
      ...(label === undefined ? ['its label, which is not text'] : []),
      ...(made.mountOptions.some((byte) => byte !== 0) ? ['mount options in its superblock'] : []),
    ],
    hasQuotas: features.includes('quota'),
  }
}

function namesOf(set: string, bits: number, names: Readonly<Record<number, string | null>>) {
  const found: string[] = []
  const unmade: string[] = []
  for (let bit = 0; bit < 32; bit += 1) {
    const mask = 2 ** bit
    if (Math.floor(bits / mask) % 2 === 0) continue
    const name = names[mask]
    const own = `${set} 0x${mask.toString(16)}`
    if (name) found.push(name)
    else if (!isState(own)) unmade.push(unmadeNames[own] ?? own)
  }
  return { names: found, unmade }
}

/** Bits that say how it is, not how it was made: a replay that is due is found elsewhere. */
function isState(own: string): boolean {
  return ['incompat 0x4', 'read-only 0x10000', 'compat 0x1'].includes(own)
}

/** The size of the journal's inode, of which the superblock keeps a copy. */
function journalSize(backup: Uint8Array): number {
  const view = new DataView(backup.buffer, backup.byteOffset, backup.length)
  const size = view.getUint32(60, true) * 2 ** 32 + view.getUint32(64, true)
  return Number.isSafeInteger(size) ? size : 0
}

interface Measures {
  readonly blockSize: number
  readonly blocks: number
  readonly inodes: number
  readonly inodeSize: number
  readonly journalBytes: number
}

/** Groups whose copies of the superblock are counted; more are beyond what is made smaller by files. */
const mostGroups = 2 ** 20

/** Bytes that it keeps for itself: tables of inodes, bitmaps, descriptors, the journal. */
function ownBytes(facts: ReturnType<typeof superblock.read>, measures: Measures): number {
  const { blockSize, blocks, inodes, inodeSize, journalBytes } = measures
  const groups = Math.min(mostGroups, Math.ceil(blocks / facts.blocksPerGroup))
  const descriptorSize = Math.max(32, facts.descriptorSize)
  const descriptors = Math.ceil((groups * descriptorSize) / blockSize) + facts.reservedDescriptorBlocks
  const copies = Array.from({ length: groups }, (_, group) => group).filter((group) =>
    hasSuperblock(facts, group),
  ).length
  return inodes * inodeSize + groups * 2 * blockSize + copies * (1 + descriptors) * blockSize + journalBytes
}
