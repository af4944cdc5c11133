import { crc32 } from '../binary/crc32.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { DiskError } from '../problems/disk-error.ts'
import { gptHeader, readGptCopy, type GptHeader } from './gpt-copy.ts'

/** Bytes of a disk and where they lie. */
export interface DiskPiece {
  readonly at: number
  readonly bytes: Uint8Array
}

export interface GptPlace {
  readonly sectorSize: number
  /** Bytes of the disk that the table is to end with. */
  readonly diskSize: number
}

/** Entries of the protective MBR: four of 16 bytes (UEFI 2.10 section 5.2.3). */
const mbrEntriesAt = 446
const mbrEntrySize = 16
const protectiveType = 0xee
const mostSectors = 0xffff_ffff
/** A GPT usually has 128 entries of 128 bytes. */
const usualEntriesLength = 128 * 128

/** Bytes that the usual backup of a GPT fills at the end of its disk. */
export function gptBackupLength(sectorSize: number): number {
  return Math.ceil(usualEntriesLength / sectorSize) * sectorSize + sectorSize
}

/**
 * What is written so that the GPT of `disk` is that of a disk of `diskSize` bytes, in this order: the backup at its new end
 * first, so that at every moment one copy is whole. Attributes, names and UUIDs of partitions and disk stay. Throws `refused`
 * when its primary copy is damaged, or when a partition leaves no room for the backup.
 */
export async function gptEndingAt(
  disk: GuestRegion,
  { sectorSize, diskSize }: GptPlace,
): Promise<DiskPiece[]> {
  const copy = await readGptCopy(disk, { sectorSize, sector: 1 })
  if (copy.kind !== 'good') throw refused(disk, 'its primary GPT cannot be read')
  const sector = await disk.read(sectorSize, sectorSize)
  const { header, entries } = copy
  const last = Math.floor(diskSize / sectorSize) - 1
  const entrySectors = Math.ceil(entries.length / sectorSize)
  const entriesSector = last - entrySectors
  const lastUsable = entriesSector - 1
  const lastUsed = lastUsedSector(copy, disk.name)
  if (lastUsable < header.firstUsable || lastUsable < lastUsed)
    throw refused(
      disk,
      `its partitions reach to sector ${lastUsed}, and the GPT that ends a disk of ${diskSize} bytes begins at ${entriesSector}`,
    )
  const padded = new Uint8Array(entrySectors * sectorSize)
  padded.set(entries)
  const own = { ...header, lastUsable }
  const mbr = await protectiveMbr(disk, last)
  return [
    { at: entriesSector * sectorSize, bytes: padded },
    {
      at: last * sectorSize,
      bytes: headerSector(sector, { ...own, ownSector: last, otherSector: 1, entriesSector }),
    },
    { at: sectorSize, bytes: headerSector(sector, { ...own, otherSector: last }) },
    ...(mbr === null ? [] : [{ at: 0, bytes: mbr }]),
  ]
}

/** The sector of a header, with what else stands in it, and its checksum. */
function headerSector(sector: Uint8Array, header: GptHeader): Uint8Array {
  const bytes = sector.slice()
  bytes.set(gptHeader.write({ ...header, headerCrc: 0 }))
  const view = new DataView(bytes.buffer)
  view.setUint32(16, crc32(bytes.subarray(0, header.headerSize)), true)
  return bytes
}

function lastUsedSector(
  { header, entries }: { readonly header: GptHeader; readonly entries: Uint8Array },
  file: string,
): number {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length)
  let last = 0
  for (let at = 0; at < header.entryCount * header.entrySize; at += header.entrySize) {
    if (entries.subarray(at, at + 16).every((byte) => byte === 0)) continue
    const end = Number(view.getBigUint64(at + 40, true))
    if (!Number.isSafeInteger(end)) throw new DiskError('refused', impossible(file))
    last = Math.max(last, end)
  }
  return last
}

/** Sector 0 with its protective entry as long as the disk; null: it has none. */
async function protectiveMbr(disk: GuestRegion, last: number): Promise<Uint8Array | null> {
  const sector = (await disk.read(0, 512)).slice()
  if (sector[510] !== 0x55 || sector[511] !== 0xaa) return null
  const view = new DataView(sector.buffer, sector.byteOffset)
  for (let at = mbrEntriesAt; at < mbrEntriesAt + 4 * mbrEntrySize; at += mbrEntrySize) {
    if (sector[at + 4] !== protectiveType) continue
    const first = view.getUint32(at + 8, true)
    view.setUint32(at + 12, Math.min(mostSectors, last + 1 - first), true)
    return sector
  }
  return null
}

const impossible = (file: string) => ({
  file,
  reason: 'a sector number of its GPT is impossible',
  remedy: 'Check the table on a copy of the disk: sgdisk -v.',
  layer: 'L4' as const,
})

function refused(disk: GuestRegion, reason: string): DiskError {
  return new DiskError('refused', {
    file: disk.name,
    reason,
    remedy: 'Check the table on a copy of the disk (sgdisk -v), or choose a larger size.',
    layer: 'L4',
  })
}
