import { bytes, u32be, u32le, u64be, u64le, u8 } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'

/** FreeBSD, ufs/ffs/fs.h: where superblocks are looked for, in this order, and the magic number at 1,372 inside. */
const places = [65_536, 8192, 0, 262_144]
const usualPlaceOf2 = 65_536
const magicAt = 1372
const versions = [
  { magic: 0x19540119, version: 2 },
  { magic: 0x00011954, version: 1 },
] as const

/** The same, `struct fs`; fragments are the unit of sizes. */
const littleEndian = struct('UFS superblock', 1376, fieldsOf(u32le, u64le))
const bigEndian = struct('UFS superblock', 1376, fieldsOf(u32be, u64be))

function fieldsOf(u32: typeof u32le, u64: typeof u64le) {
  return {
    oldSize: [36, u32],
    blockSize: [48, u32],
    fragmentSize: [52, u32],
    id0: [144, u32],
    id1: [148, u32],
    oldFreeBlocks: [196, u32],
    oldFreeFragments: [204, u32],
    isClean: [209, u8],
    volumeName: [680, bytes(32)],
    ownPlace: [1000, u64],
    freeBlocks: [1016, u64],
    freeFragments: [1032, u64],
    size: [1080, u64],
  } as const
}

/** UFS1 and UFS2 of either byte order: size and free space as the superblock counts them. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  for (const at of places) {
    const found = await region.peek(at + magicAt, 4)
    const kind = found && kindOf(new DataView(found.buffer, found.byteOffset))
    if (!kind || (kind.version === 1 && at === usualPlaceOf2)) continue
    const { layout, version } = kind
    const facts = layout.read(await region.read(at, layout.size), region.name)
    if (version === 2 && at !== usualPlaceOf2 && facts.ownPlace !== at) continue
    const { blockSize, fragmentSize } = facts
    const told =
      version === 2
        ? { size: facts.size, blocks: facts.freeBlocks, fragments: facts.freeFragments }
        : { size: facts.oldSize, blocks: facts.oldFreeBlocks, fragments: facts.oldFreeFragments }
    const size = told.size * fragmentSize
    const free = told.blocks * blockSize + told.fragments * fragmentSize
    const isPossible = isPowerOfTwo(blockSize) && isPowerOfTwo(fragmentSize) && fragmentSize >= 512
    const isSound =
      isPossible && blockSize <= 65_536 && Number.isSafeInteger(size) && free <= size && size > 0
    const hex = [facts.id0, facts.id1].map((word) => word.toString(16).padStart(8, '0')).join('')
    return filesystemFinding(region, {
      type: 'ufs',
      sure: isSound ? 'consistent' : 'damaged',
      label: version === 2 ? labelOf(facts.volumeName) : null,
      uuid: facts.id0 === 0 && facts.id1 === 0 ? null : hex,
      size: isSound ? size : null,
      free: isSound ? free : null,
      blockSize: isSound ? blockSize : null,
      state: isSound ? (facts.isClean === 0 ? 'dirty' : 'clean') : 'unknown',
      notes: isSound ? [`UFS${version}`] : [`it claims ${told.size} fragments of ${fragmentSize} bytes`],
    })
  }
  return null
}

function kindOf(view: DataView) {
  for (const { magic, version } of versions) {
    if (view.getUint32(0, true) === magic) return { version, layout: littleEndian }
    if (view.getUint32(0) === magic) return { version, layout: bigEndian }
  }
  return null
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0
}
