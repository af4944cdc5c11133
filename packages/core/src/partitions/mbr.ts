import { bytes, u32le, u8 } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { Problem } from '../problems/problem.ts'
import { checkPlacement } from './check-placement.ts'
import { mbrTypeNames } from './mbr-types.ts'
import type { TableScan } from './table-scan.ts'

/** The MBR itself fills this much of its sector. */
const mbrLength = 512
/** What its numbers count: 512 bytes nearly always, 4,096 on drives that have such sectors. */
type SectorSize = 512 | 4096
const maxLogical = 256
const protectiveType = 0xee
const extendedTypes = [0x05, 0x0f, 0x85]

/** UEFI 2.10 section 5.2.1, table "MBR partition record". */
const entry = struct('MBR entry', 16, {
  status: [0, u8], // 0x80: active
  firstChs: [1, bytes(3)],
  type: [4, u8],
  lastChs: [5, bytes(3)],
  firstSector: [8, u32le],
  sectors: [12, u32le],
})
type Entry = StructValue<typeof entry>

/** The last 72 bytes of a boot sector: signature of the disk, four entries, 55 AA. */
const entriesAt = 446
const diskIdAt = 440

export interface MbrSector {
  readonly id: string
  /** The used entries with their place (1 to 4). */
  readonly entries: readonly (Entry & { readonly slot: number })[]
  readonly isProtective: boolean
}

/** The MBR of a disk, or null when sector 0 is none: no signature, impossible flags, or no entry in use. */
export async function readMbrSector(
  disk: GuestRegion,
  sectorSize: SectorSize = 512,
): Promise<MbrSector | null> {
  const sector = await disk.peek(0, mbrLength)
  if (!sector) return null
  const all = parseEntries(sector, disk.name)
  if (!all || all.some(({ status }) => (status & 0x7f) !== 0)) return null
  const entries = all.filter(({ type, sectors }) => type !== 0 && sectors > 0)
  const isInside = entries.some(({ firstSector }) => firstSector * sectorSize < disk.length)
  if (!isInside) return null
  const view = new DataView(sector.buffer, sector.byteOffset)
  return {
    id: view.getUint32(diskIdAt, true).toString(16).padStart(8, '0'),
    entries,
    isProtective: entries.some(({ type }) => type === protectiveType),
  }
}

/** An MBR with its logical partitions (UEFI 2.10 section 5.2); a protective one too when nothing better was found. */
export function readMbr(disk: GuestRegion): Promise<TableScan | null> {
  return readMbrOf(disk, 512)
}

/** The same with sectors of 4,096 bytes; null where a partition would then lie outside the disk. */
export async function readWideMbr(disk: GuestRegion): Promise<TableScan | null> {
  const scan = await readMbrOf(disk, 4096)
  return scan?.problems.length === 0 ? scan : null
}

async function readMbrOf(disk: GuestRegion, sectorSize: SectorSize): Promise<TableScan | null> {
  const mbr = await readMbrSector(disk, sectorSize)
  if (!mbr) return null
  const partitions: Partition[] = []
  const problems: Problem[] = []
  const notes: string[] = []
  const records: number[] = []
  for (const used of mbr.entries) {
    if (used.firstSector === 0) {
      notes.push(`entry ${used.slot} stands for the whole disk`)
      partitions.push(partitionOf(used, { index: used.slot, sector: 0, sectorSize, role: 'whole' }))
      continue
    }
    const isExtended = extendedTypes.includes(used.type)
    partitions.push(
      partitionOf(used, {
        index: used.slot,
        sector: used.firstSector,
        sectorSize,
        role: isExtended ? 'extended' : 'primary',
      }),
    )
    if (!isExtended) continue
    const { logical, problem, found } = await readLogical(disk, used, {
      firstIndex: 5 + countLogical(partitions),
      sectorSize,
    })
    partitions.push(...logical)
    records.push(...found)
    if (problem !== null) problems.push(guestProblem('mbr-logical-damaged', disk.name, { reason: problem }))
  }
  problems.push(...checkPlacement(partitions, disk))
  return {
    table: {
      kind: 'mbr',
      sure: problems.length > 0 ? 'damaged' : 'consistent',
      sectorSize,
      id: mbr.id,
      partitions: partitions.toSorted((a, b) => a.index - b.index),
      notes,
      ...(records.length > 0 ? { records } : {}),
    },
    problems,
  }
}

interface Chain {
  readonly logical: readonly Partition[]
  readonly problem: string | null
  /** Bytes of the disk at which its boot records stand. */
  readonly found: readonly number[]
}

/** Follows the chain of extended boot records: each names one partition and the next record. */
async function readLogical(
  disk: GuestRegion,
  extended: Entry,
  { firstIndex, sectorSize }: { readonly firstIndex: number; readonly sectorSize: SectorSize },
): Promise<Chain> {
  const base = extended.firstSector
  const end = base + extended.sectors
  const logical: Partition[] = []
  const seen = new Set<number>()
  const ended = (problem: string | null): Chain => ({
    logical,
    problem,
    found: [...seen].map((sector) => sector * sectorSize),
  })
  for (let at = base; ;) {
    if (seen.has(at)) return ended(`it runs in a circle at sector ${at}`)
    if (seen.size >= maxLogical) return ended(`it is longer than ${maxLogical}`)
    seen.add(at)
    if (at < base || at >= end) return ended(`it leaves the extended partition at sector ${at}`)
    const sector = await disk.peek(at * sectorSize, mbrLength)
    const entries = sector && parseEntries(sector, disk.name)
    if (!entries) return ended(`there is no boot record at sector ${at}`)
    for (const own of entries) {
      const sector = at + own.firstSector
      if (!isLogical(own, { sector, end })) continue
      const index = firstIndex + logical.length
      logical.push(partitionOf(own, { index, sector, sectorSize, role: 'logical' }))
    }
    const next = entries.find(({ type, sectors }) => sectors > 0 && extendedTypes.includes(type))
    if (!next) return ended(null)
    at = base + next.firstSector
  }
}

/** Whether an entry of a boot record is a partition; DR-DOS writes the link first, OS/2 fills all four, junk stands in 3 and 4 of others. */
function isLogical(
  { type, sectors, slot }: Entry & { readonly slot: number },
  { sector, end }: { readonly sector: number; readonly end: number },
): boolean {
  if (type === 0 || sectors === 0 || extendedTypes.includes(type)) return false
  return slot <= 2 || sector + sectors <= end
}

interface Place extends Pick<Partition, 'index' | 'role'> {
  readonly sector: number
  readonly sectorSize: SectorSize
}

function partitionOf(used: Entry, { index, role, sector, sectorSize }: Place): Partition {
  const type = `0x${used.type.toString(16).toUpperCase().padStart(2, '0')}`
  return {
    index,
    role,
    start: sector * sectorSize,
    length: used.sectors * sectorSize,
    type,
    typeName: mbrTypeNames[used.type] ?? `Type ${type}`,
    name: null,
    uuid: null,
    bootable: (used.status & 0x80) !== 0,
  }
}

function countLogical(partitions: readonly Partition[]): number {
  return partitions.filter(({ role }) => role === 'logical').length
}

/** The four entries of a boot sector, or null without its signature. */
export function parseEntries(sector: Uint8Array, file: string): (Entry & { slot: number })[] | null {
  if (sector[510] !== 0x55 || sector[511] !== 0xaa) return null
  return [1, 2, 3, 4].map((slot) => ({
    ...entry.read(sector, file, entriesAt + (slot - 1) * entry.size),
    slot,
  }))
}
