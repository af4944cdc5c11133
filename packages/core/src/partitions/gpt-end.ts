import { crc32 } from '../binary/crc32.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { DiskError } from '../problems/disk-error.ts'
import { gptHeader, readGptCopy, type GptCopy, type GptHeader } from './gpt-copy.ts'

/** Bytes of a disk and where they lie. */
export interface DiskPiece {
  readonly at: number
  readonly bytes: Uint8Array
}

export interface GptPlace {
  readonly sectorSize: number
  /** Bytes of the disk that the table is to end with. */
  readonly diskSize: number
  /** A partition that gets another end; left out: all stay as they are. */
  readonly resized?: ResizedPartition | undefined
}

/** Bytes of the disk at which a partition begins, as it does, and ends, as it is to. */
export interface ResizedPartition {
  /** As the table numbers it. */
  readonly index: number
  readonly start: number
  readonly end: number
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
 * when its primary copy is damaged, or when a partition leaves no room for the backup; one that gets another end may not lie over
 * others, and where that was cut off while the primary copy was written, the backup is what counts.
 */
export async function gptEndingAt(disk: GuestRegion, place: GptPlace): Promise<DiskPiece[]> {
  const { sectorSize, diskSize, resized } = place
  const found = await wholeCopy(disk, place)
  const copy = resized === undefined ? found : withEnd(found, resized, { sectorSize, disk })
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
    ...(resized === undefined ? [] : [{ at: header.entriesSector * sectorSize, bytes: padded }]),
    { at: sectorSize, bytes: headerSector(sector, { ...own, otherSector: last }) },
    ...(mbr === null ? [] : [{ at: 0, bytes: mbr }]),
  ]
}

type GoodCopy = Extract<GptCopy, { readonly kind: 'good' }>

/** The primary copy; the backup at the end of the disk, where what was to change a partition was cut off. */
async function wholeCopy(disk: GuestRegion, { sectorSize, diskSize, resized }: GptPlace): Promise<GoodCopy> {
  const primary = await readGptCopy(disk, { sectorSize, sector: 1 })
  if (primary.kind === 'good') return primary
  const last = Math.floor(diskSize / sectorSize) - 1
  const head = primary.kind === 'damaged' ? await disk.peek(sectorSize, gptHeader.size) : null
  const backup = resized && head && (await readGptCopy(disk, { sectorSize, sector: last }))
  if (!head || backup?.kind !== 'good') throw refused(disk, 'its primary GPT cannot be read')
  const { entriesSector } = gptHeader.read(head, disk.name)
  return { ...backup, header: { ...backup.header, ownSector: 1, otherSector: last, entriesSector } }
}

/** The same table in which the partition has another end. */
function withEnd(
  { kind, header, entries }: GoodCopy,
  { index, start, end }: ResizedPartition,
  { sectorSize, disk }: { readonly sectorSize: number; readonly disk: GuestRegion },
): GoodCopy {
  const { entryCount, entrySize, entriesSector, firstUsable } = header
  const [first, last] = [start / sectorSize, end / sectorSize - 1]
  const used = sectorsOf({ header, entries }, disk.name)
  const own = used.find((one) => one.index === index)
  const length = Math.ceil((entryCount * entrySize) / sectorSize)
  if (own?.first !== first || !Number.isSafeInteger(last) || last < first)
    throw refused(disk, `its GPT has no partition ${index} from byte ${start} that could end at ${end}`)
  if (used.some((one) => one !== own && one.first <= last && one.last >= first))
    throw refused(disk, `partition ${index} would lie over another one`)
  if (entriesSector < 2 || entriesSector + length > firstUsable)
    throw refused(disk, 'its primary GPT lies where partitions may')
  const changed = entries.slice()
  new DataView(changed.buffer).setBigUint64((index - 1) * entrySize + 40, BigInt(last), true)
  return { kind, entries: changed, header: { ...header, entriesCrc: crc32(changed) } }
}

/** The sector of a header, with what else stands in it, and its checksum. */
function headerSector(sector: Uint8Array, header: GptHeader): Uint8Array {
  const bytes = sector.slice()
  bytes.set(gptHeader.write({ ...header, headerCrc: 0 }))
  const view = new DataView(bytes.buffer)
  view.setUint32(16, crc32(bytes.subarray(0, header.headerSize)), true)
  return bytes
}

type Table = Pick<GoodCopy, 'header' | 'entries'>

function lastUsedSector(table: Table, file: string): number {
  return Math.max(0, ...sectorsOf(table, file).map(({ last }) => last))
}

/** The entries that are partitions, and the sectors of each. */
function sectorsOf({ header: { entryCount, entrySize }, entries }: Table, file: string) {
  const view = new DataView(entries.buffer, entries.byteOffset, entries.length)
  const numberAt = (at: number) => {
    const value = Number(view.getBigUint64(at, true))
    if (Number.isSafeInteger(value)) return value
    throw new DiskError('refused', impossible(file))
  }
  return Array.from({ length: entryCount }, (_, index) => index * entrySize)
    .filter((at) => entries.subarray(at, at + 16).some((byte) => byte !== 0))
    .map((at) => ({ index: at / entrySize + 1, first: numberAt(at + 32), last: numberAt(at + 40) }))
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
