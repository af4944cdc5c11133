import { ascii, bytes, u32be, u64be } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { toHex } from '../binary/hex.ts'
import { labelOf } from '../binary/text.ts'
import { isNil } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'
import { freeByRegion, freeFromBitmap } from './free-regions.ts'

/** Apple Technical Note TN1150, "Volume Header". */
export const volumeHeader = struct('HFS+ volume header', 512, {
  signature: [0, ascii(2)], // H+, or HX for case-sensitive names
  attributes: [4, u32be],
  blockSize: [40, u32be],
  blocks: [44, u32be],
  freeBlocks: [48, u32be],
  uuid: [104, bytes(8)],
  bitmapLength: [112, u64be], // the allocation file's fork
  bitmapExtents: [128, bytes(64)],
  catalogStart: [288, u32be], // first extent of the catalog file
  catalogBlocks: [292, u32be],
})
type VolumeHeader = StructValue<typeof volumeHeader>

export const volumeHeaderAt = 1024
/** Bitmaps are read up to this size: 1 TiB in blocks of 4 KiB. */
const maxBitmapBytes = 32 * 1024 * 1024
const wasUnmounted = 0x100
const isInconsistent = 0x800

/** HFS+ and HFSX. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(volumeHeaderAt, volumeHeader.size)
  if (!head || head[0] !== 0x48 || (head[1] !== 0x2b && head[1] !== 0x58)) return null
  if (head[2] !== 0 || (head[3] !== 4 && head[3] !== 5)) return null
  const facts = volumeHeader.read(head, region.name)
  const { blockSize, blocks, freeBlocks, attributes, uuid } = facts
  const isPossible = blockSize >= 512 && blockSize <= 2 ** 20 && (blockSize & (blockSize - 1)) === 0
  const isSound = isPossible && freeBlocks <= blocks
  const isClean = (attributes & wasUnmounted) !== 0 && (attributes & isInconsistent) === 0
  return filesystemFinding(region, {
    type: facts.signature === 'HX' ? 'hfsx' : 'hfs+',
    sure: isSound ? 'consistent' : 'damaged',
    label: isSound ? await readVolumeName(region, facts) : null,
    uuid: isNil(uuid) ? null : toHex(uuid),
    size: isSound ? blocks * blockSize : null,
    free: isSound ? freeBlocks * blockSize : null,
    blockSize,
    state: isClean ? 'clean' : 'dirty',
    notes: isSound ? [] : [`it claims ${freeBlocks} free blocks of ${blocks}, ${blockSize} bytes each`],
    freeByRegion: isSound ? await readFreeRegions(region, facts) : [],
  })
}

/** From the allocation file ("Allocation File"), where it lies in its first extents and agrees with the header; else none. */
async function readFreeRegions(
  region: GuestRegion,
  facts: VolumeHeader,
): Promise<FilesystemFinding['freeByRegion']> {
  const { blockSize, blocks, freeBlocks, bitmapLength, bitmapExtents } = facts
  const length = Math.ceil(blocks / 8)
  if (length > maxBitmapBytes || bitmapLength < length) return []
  const extents = new DataView(bitmapExtents.buffer, bitmapExtents.byteOffset, bitmapExtents.length)
  const bitmap = new Uint8Array(length)
  let filled = 0
  for (let at = 0; at < bitmapExtents.length && filled < length; at += 8) {
    const wanted = Math.min(extents.getUint32(at + 4) * blockSize, length - filled)
    const part = await region.peek(extents.getUint32(at) * blockSize, wanted)
    if (!part) return []
    bitmap.set(part, filled)
    filled += wanted
  }
  if (filled < length) return []
  // Its first block is the highest bit of a byte: only in the last byte does that matter.
  const last = bitmap[length - 1] ?? 0
  const rest = blocks % 8
  if (rest !== 0) bitmap[length - 1] = last >> (8 - rest)
  const { free, runs } = freeFromBitmap(bitmap, { count: blocks, size: blockSize, firstAt: 0 })
  return free === freeBlocks * blockSize ? freeByRegion(region, runs) : []
}

/** The name of the root folder: the first record of the catalog's first leaf ("B-Trees", "Catalog File"). */
async function readVolumeName(
  region: GuestRegion,
  { blockSize, catalogStart, catalogBlocks }: VolumeHeader,
): Promise<string | null> {
  const catalogAt = catalogStart * blockSize
  const header = await region.peek(catalogAt, 512)
  if (!header) return null
  const view = new DataView(header.buffer, header.byteOffset, header.length)
  const firstLeaf = view.getUint32(24)
  const nodeSize = view.getUint16(32)
  const isInside = (firstLeaf + 1) * nodeSize <= catalogBlocks * blockSize
  const leaf = nodeSize >= 512 && isInside ? await region.peek(catalogAt + firstLeaf * nodeSize, 512) : null
  if (!leaf) return null
  const record = new DataView(leaf.buffer, leaf.byteOffset, leaf.length)
  const rootParent = 1
  if (record.getUint32(16) !== rootParent) return null
  const length = Math.min(255, record.getUint16(20)) * 2
  return 22 + length <= leaf.length ? labelOf(leaf.subarray(22, 22 + length), 'utf-16be') : null
}
