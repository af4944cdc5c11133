import { signatureOf } from '../binary/text.ts'
import type { DiskReader } from '../disk/disk-reader.ts'

/** A boot loader that finds its next part by numbers of blocks, which change when files are copied. */
export interface BlockLoader {
  readonly name: 'GRUB' | 'GRUB Legacy' | 'LILO' | 'EXTLINUX' | 'boot sector'
  /** Where its first part lies. */
  readonly at: 'disk' | 'partition'
}

interface Place {
  /** Byte of the disk at which the partition begins. */
  readonly start: number
  readonly length: number
  /** Whether the filesystem leaves the first sector of its partition to a loader. */
  readonly hasBootSector: boolean
}

const sector = 512
/** GRUB, boot.S: where it loads its next part to, and the sector that it takes that from. */
const grub = { address: 0x5a, loads: 0x8000, next: 0x5c }
/** GRUB Legacy, stage1.h: the same. */
const legacy = { address: 0x42, next: 0x44 }
/** GRUB, diskboot.S: the list of the sectors of its core image, upwards to lower addresses. */
const list = { last: 0x1f4, entry: 12 }

/** The loaders of a BIOS that would look for blocks of the filesystem in `place` where they were. */
export async function findBlockLoaders(disk: DiskReader, place: Place): Promise<BlockLoader[]> {
  const own = place.hasBootSector ? await loaderIn(disk, place.start, place) : null
  const first = place.start === 0 ? null : await loaderIn(disk, 0, place)
  return [
    ...(first === null ? [] : [{ name: first, at: 'disk' as const }]),
    ...(own === null ? [] : [{ name: own, at: 'partition' as const }]),
  ]
}

/** Of the boot sector at `at`; what lies before a filesystem is lost whatever it is. */
async function loaderIn(disk: DiskReader, at: number, place: Place): Promise<BlockLoader['name'] | null> {
  const boot = await bytesAt(disk, at)
  if (boot === null) return null
  const isOwn = at === place.start
  if (boot.every((byte) => byte === 0)) return null
  if (signatureOf(boot, 6, 4) === 'LILO') return 'LILO'
  const oem = signatureOf(boot, 3, 8)
  if (oem === 'EXTLINUX' || oem === 'SYSLINUX') return isOwn ? 'EXTLINUX' : null
  const isGrub = signatureOf(boot, 0x17c, 0x30).includes('GRUB ')
  if (!isGrub) return isOwn ? 'boot sector' : null
  const view = new DataView(boot.buffer, boot.byteOffset, boot.length)
  if (view.getUint16(grub.address, true) === grub.loads) {
    if (isOwn) return 'GRUB'
    const next = Number(view.getBigUint64(grub.next, true)) * sector
    return isWithin(place, next) || (await listsWithin(disk, next, place)) ? 'GRUB' : null
  }
  const isLegacy = [0x8000, 0x2000].includes(view.getUint16(legacy.address, true))
  if (!isLegacy) return isOwn ? 'boot sector' : null
  return isOwn || isWithin(place, view.getUint32(legacy.next, true) * sector) ? 'GRUB Legacy' : null
}

/** Whether the core image that begins there goes on inside the filesystem. */
async function listsWithin(disk: DiskReader, at: number, place: Place): Promise<boolean> {
  const first = await bytesAt(disk, at)
  if (first === null) return false
  const view = new DataView(first.buffer, first.byteOffset, first.length)
  for (let entry: number = list.last; entry >= 0; entry -= list.entry) {
    if (view.getUint16(entry + 8, true) === 0) return false
    if (isWithin(place, Number(view.getBigUint64(entry, true)) * sector)) return true
  }
  return false
}

function isWithin({ start, length }: Place, at: number): boolean {
  return at >= start && at < start + length
}

async function bytesAt(disk: DiskReader, at: number): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(at) || at + sector > disk.virtualSize) return null
  const bytes = new Uint8Array(sector)
  await disk.readInto(bytes, at)
  return bytes
}
