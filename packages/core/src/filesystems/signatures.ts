import { bytes, u32le, u64le, u8 } from '../binary/fields.ts'
import { toHex } from '../binary/hex.ts'
import { struct } from '../binary/struct.ts'
import { labelOf, signatureOf } from '../binary/text.ts'
import { formatUuid, isNil } from '../binary/uuid.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'

/** libfsrefs, "Volume header". */
const refsVolumeHeader = struct('ReFS volume header', 64, {
  sectors: [24, u64le],
  sectorSize: [32, u32le],
  sectorsPerBlock: [36, u32le],
  major: [40, u8],
  minor: [41, u8],
  serial: [56, bytes(8)],
})

/** ReFS: its name at 3 and the structure name FSRS at 16 of the boot sector; size and version, nothing of its trees. */
export async function recogniseRefs(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, refsVolumeHeader.size)
  if (!head || signatureOf(head, 3, 8) !== 'ReFS\0\0\0\0' || signatureOf(head, 16, 4) !== 'FSRS') return null
  const { sectors, sectorSize, sectorsPerBlock, major, minor, serial } = refsVolumeHeader.read(
    head,
    region.name,
  )
  const size = sectors * sectorSize
  const isSound = (sectorSize === 512 || sectorSize === 4096) && Number.isSafeInteger(size) && size > 0
  return filesystemFinding(region, {
    type: 'refs',
    sure: 'signature',
    uuid: isNil(serial) ? null : toHex(serial.toReversed()).toUpperCase(),
    size: isSound ? size : null,
    blockSize: isSound && sectorsPerBlock > 0 ? sectorsPerBlock * sectorSize : null,
    notes: major > 0 ? [`version ${major}.${minor}`] : [],
  })
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

/** DragonFly, hammer2_disk.h, `struct hammer2_volume_data`; and the first word of `struct hammer_volume_ondisk`. */
const hammer2Volume = struct('HAMMER2 volume header', 80, {
  size: [40, u64le],
  uuid: [64, bytes(16)],
})
const hammer2Magic = 0x48414d3205172011n
const hammerMagic = 0xc8414d4dc5523031n

/** HAMMER and HAMMER2 of DragonFly: that they are there, and the size of the latter. */
export async function recogniseHammer(region: GuestRegion): Promise<FilesystemFinding | null> {
  const head = await region.peek(0, hammer2Volume.size)
  const magic = head && new DataView(head.buffer, head.byteOffset).getBigUint64(0, true)
  if (magic === hammerMagic) return filesystemFinding(region, { type: 'hammer', sure: 'signature' })
  if (!head || magic !== hammer2Magic) return null
  const { size, uuid } = hammer2Volume.read(head, region.name)
  return filesystemFinding(region, {
    type: 'hammer2',
    sure: 'signature',
    uuid: isNil(uuid) ? null : formatUuid(uuid),
    size: size > 0 ? size : null,
  })
}
