import { bytes, u16be, u16le, u32be, u32le, u8 } from '../binary/fields.ts'
import { toHex } from '../binary/hex.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import { isNil } from '../binary/uuid.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { labelNames } from '../guest/partition-names.ts'
import type { Problem } from '../problems/problem.ts'
import { labelPartition, peekIn, wrongChecksum, type Label, type LabelPlace } from './labels.ts'

/** FreeBSD, sys/disk/bsd.h; OpenBSD, sys/disklabel.h, whose version 1 keeps an identifier and upper halves of numbers. */
const magic = 0x82564557
const secondMagicAt = 132
const headerSize = 148
const entrySize = 16
/** Systems look for it at other places of the boot area, so all of that is looked at. */
const bootArea = 8192
/** OpenBSD lists 52 at most, the others fewer. */
const maxEntries = 64
/** Entry `c`, which stands for the whole slice. */
const rawIndex = 2

function layoutOf(u16: typeof u16le, u32: typeof u32le) {
  return {
    header: struct('BSD disklabel', headerSize, {
      sectorSize: [40, u32],
      uid: [64, bytes(8)],
      version: [114, u16],
      entryCount: [138, u16],
    }),
    entry: struct('BSD disklabel entry', entrySize, {
      sectors: [0, u32],
      firstSector: [4, u32],
      firstSectorHigh: [8, u16],
      sectorsHigh: [10, u16],
      type: [12, u8],
    }),
  }
}
const littleEndian = layoutOf(u16le, u32le)
const bigEndian = layoutOf(u16be, u32be)
type Entry = StructValue<typeof littleEndian.entry>

const typeNames: Readonly<Record<number, string>> = {
  0: 'Unused',
  1: 'BSD swap',
  7: 'BSD fast filesystem',
  8: 'FAT',
  9: 'BSD log-structured filesystem',
  10: 'Unknown',
  11: 'HPFS',
  12: 'ISO 9660',
  13: 'BSD boot',
  15: 'HFS',
  17: 'ext2',
  18: 'NTFS',
  19: 'BSD RAID',
  27: 'ZFS',
}

/** Partition types whose labels count from the slice's start once entry `c` says so (FreeBSD, g_part_bsd.c). */
const freeBsdTypes = ['0xA5', '516E7CB4-6ECF-11D6-8FF8-00022D09712B', '9D087404-1CA5-11DC-8817-01301BB8A9F5']

/** A BSD disklabel of either byte order in the boot area of a disk or slice. */
export async function readBsdLabel(place: LabelPlace): Promise<Label | null> {
  const area = await peekIn(place, 0, Math.min(bootArea, place.length))
  if (!area) return null
  const found = findLabel(area)
  if (!found) return null
  const { layout, at } = found
  const file = place.disk.name
  const header = layout.header.read(area, file, at)
  const { sectorSize, entryCount } = header
  const end = at + headerSize + entryCount * entrySize
  if (entryCount === 0 || entryCount > maxEntries || end > area.length)
    return damaged(place, `it claims ${entryCount} entries`)
  if (![512, 1024, 2048, 4096].includes(sectorSize))
    return damaged(place, `it claims sectors of ${sectorSize} bytes`)
  const isWhole = checksumOf(area.subarray(at, end)) === 0
  const isWide = header.version === 1
  const entries = Array.from({ length: entryCount }, (_, index) =>
    layout.entry.read(area, file, at + headerSize + index * entrySize),
  )
  const base = baseOf(entries, place, sectorSize)
  const partitions: Partition[] = []
  const notes: string[] = []
  for (const [index, entry] of entries.entries()) {
    const sectors = entry.sectors + (isWide ? entry.sectorsHigh * 2 ** 32 : 0)
    if (sectors === 0) continue
    const first = entry.firstSector + (isWide ? entry.firstSectorHigh * 2 ** 32 : 0)
    const start = base + first * sectorSize
    const slice = String.fromCharCode(0x61 + index)
    if (start < 0 || !Number.isSafeInteger(start + sectors * sectorSize)) {
      notes.push(`entry ${slice} begins before its slice`)
      continue
    }
    const span = { start, length: sectors * sectorSize }
    partitions.push(
      labelPartition(place, {
        index: index + 1,
        slice,
        ...span,
        type: `bsd:${entry.type}`,
        typeName: typeNames[entry.type] ?? `BSD type ${entry.type}`,
        isWhole: entry.type === 0 && coversAll(index, span, place),
      }),
    )
  }
  const id = isWide && !isNil(header.uid) ? toHex(header.uid) : null
  const problems = isWhole ? [] : [wrong(place, wrongChecksum)]
  return { kind: 'bsd', id, sectorSize, partitions, problems, notes }
}

/** Byte of the disk from which the entries count. */
function baseOf(entries: readonly Entry[], { start, slice }: LabelPlace, sectorSize: number): number {
  if (!slice || !freeBsdTypes.includes(slice.type)) return 0
  return start - (entries[rawIndex]?.firstSector ?? 0) * sectorSize
}

/** Entries `c`, and `d` on NetBSD, that begin where the slice or the disk does, or cover it. */
function coversAll(
  index: number,
  span: { readonly start: number; readonly length: number },
  place: LabelPlace,
): boolean {
  const covers = span.start <= place.start && span.start + span.length >= place.start + place.length
  return covers || index === rawIndex || (index === rawIndex + 1 && span.start === 0)
}

function findLabel(area: Uint8Array) {
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength)
  for (let at = 0; at + headerSize <= area.length; at += 4) {
    for (const isLittle of [true, false]) {
      if (view.getUint32(at, isLittle) !== magic || view.getUint32(at + secondMagicAt, isLittle) !== magic)
        continue
      return { at, layout: isLittle ? littleEndian : bigEndian }
    }
  }
  return null
}

/** All 16-bit words together, exclusive or: zero where the stored checksum is right, in either byte order. */
function checksumOf(label: Uint8Array): number {
  let [even, odd] = [0, 0]
  for (let at = 0; at + 1 < label.length; at += 2) {
    even ^= label[at] ?? 0
    odd ^= label[at + 1] ?? 0
  }
  return even | odd
}

function damaged(place: LabelPlace, reason: string): Label {
  const problems = [wrong(place, reason)]
  return { kind: 'bsd', id: null, sectorSize: 512, partitions: [], problems, notes: [] }
}

function wrong({ disk }: LabelPlace, reason: string): Problem {
  return guestProblem('disklabel-damaged', disk.name, { kind: labelNames.bsd, reason })
}
