import { bytes, u32le, u64le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf, signatureOf } from '../binary/text.ts'
import { formatUuid } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../layers/guest-contents.ts'
import type { GuestRegion } from '../layers/guest-region.ts'
import { filesystemFinding, signatureFinding } from './filesystem-finding.ts'

/** ReFS: its name at 3 and the structure name FSRS at 16 of the boot sector. */
export async function recogniseRefs(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, 64)
  if (!head || signatureOf(head, 3, 8) !== 'ReFS\0\0\0\0' || signatureOf(head, 16, 4) !== 'FSRS') return null
  return signatureFinding(region, 'refs')
}

/** Linux, f2fs_fs.h: `struct f2fs_super_block`. */
const f2fsSuperblock = struct('F2FS superblock', 1148, {
  magic: [0, u32le],
  blockSizeLog: [16, u32le],
  blocks: [36, u64le],
  uuid: [108, bytes(16)],
  volumeName: [124, bytes(1024)],
})

/** F2FS: size and name; its free space lies in checkpoints that are not read. */
export async function recogniseF2fs(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(1024, f2fsSuperblock.size)
  if (!head || new DataView(head.buffer, head.byteOffset).getUint32(0, true) !== 0xf2f52010) return null
  const { blockSizeLog, blocks, uuid, volumeName } = f2fsSuperblock.read(head, region.name)
  const size = blocks * 2 ** blockSizeLog
  const isSound = blockSizeLog >= 12 && blockSizeLog <= 16 && Number.isSafeInteger(size)
  return filesystemFinding(region, {
    type: 'f2fs',
    sure: 'signature',
    label: labelOf(volumeName, 'utf-16le'),
    uuid: formatUuid(uuid),
    size: isSound ? size : null,
    blockSize: isSound ? 2 ** blockSizeLog : null,
  })
}

/** FreeBSD, ufs/ffs/fs.h: where superblocks lie, and the magic number at 1,372 inside. */
const ufsSuperblocks = [
  { at: 65_536, magic: 0x19540119 },
  { at: 8192, magic: 0x00011954 },
] as const

/** UFS1 and UFS2 of either byte order. */
export async function recogniseUfs(region: GuestRegion): Promise<FilesystemFinding | null> {
  for (const { at, magic } of ufsSuperblocks) {
    const found = await region.peek(at + 1372, 4)
    if (!found) continue
    const view = new DataView(found.buffer, found.byteOffset)
    if (view.getUint32(0, true) === magic || view.getUint32(0) === magic)
      return signatureFinding(region, 'ufs')
  }
  return null
}

/** ZFS: the name-value list of its first label, at 16 KiB (ZFS On-Disk Specification, section 1.2.3). */
export async function recogniseZfs(region: GuestRegion): Promise<FilesystemFinding | null> {
  const list = await region.peek(16 * 1024, 2048)
  if (list?.[0] !== 1) return null
  const text = signatureOf(list, 0, list.length)
  if (!text.includes('pool_guid') || !text.includes('txg')) return null
  const nameAt = text.indexOf('\0\0\0\x04name')
  return { ...signatureFinding(region, 'zfs'), label: nameAt < 0 ? null : stringOf(list, nameAt + 8) }
}

/** The value of an XDR pair of type string (9), one element: type, count, length, then the characters. */
function stringOf(list: Uint8Array, at: number): string | null {
  if (at + 12 > list.length) return null
  const view = new DataView(list.buffer, list.byteOffset + at, list.length - at)
  const length = view.getUint32(8)
  const isString = view.getUint32(0) === 9 && view.getUint32(4) === 1 && length <= 256
  return isString && at + 12 + length <= list.length
    ? labelOf(list.subarray(at + 12, at + 12 + length))
    : null
}
