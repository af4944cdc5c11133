import { bytes, u16le, u32le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { labelNames } from '../guest/partition-names.ts'
import { labelPartition, peekIn, type Label, type LabelPlace } from './labels.ts'
import { vtocTypeNames, wholeDiskTag } from './vtoc-types.ts'

const sectorSize = 512
const sanity = 0x600ddeee
const maxEntries = 16

/** Solaris, sys/dklabel.h and sys/vtoc.h: `struct vtoc` of x86, in the second sector of its partition. */
const solarisHeader = struct('Solaris VTOC', 72, {
  sanity: [12, u32le],
  version: [16, u32le],
  volume: [20, bytes(8)],
  sectorSize: [28, u16le],
  entryCount: [30, u16le],
})

/** UnixWare, `struct disklabel` and its VTOC in sector 29 of its partition. */
const unixwareHeader = struct('UnixWare VTOC', 216, {
  magic: [4, u32le],
  sanity: [156, u32le],
  volume: [164, bytes(8)],
  entryCount: [172, u16le],
})
const unixwareMagic = 0xcae5600d

/** Both list slices in this way; sectors of Solaris count from the partition, those of UnixWare from the disk. */
const entry = struct('VTOC slice', 12, {
  tag: [0, u16le],
  flag: [2, u16le],
  firstSector: [4, u32le],
  sectors: [8, u32le],
})

const unixwareTypes: Readonly<Record<number, string>> = {
  1: 'UnixWare boot',
  2: 'UnixWare root',
  3: 'UnixWare swap',
  4: 'UnixWare user',
  5: 'Whole disk',
  6: 'UnixWare alternate sectors',
  8: 'UnixWare alternate tracks',
  9: 'UnixWare stand',
  10: 'UnixWare var',
  11: 'UnixWare home',
  12: 'UnixWare dump',
}

/** The slices of a Solaris partition on x86. */
export async function readSolarisVtoc(place: LabelPlace): Promise<Label | null> {
  const sector = await peekIn(place, sectorSize, sectorSize)
  if (!sector) return null
  const found = solarisHeader.read(sector, place.disk.name)
  if (found.sanity !== sanity) return null
  if (found.version !== 1) return damaged(place, 'solaris', `its version is ${found.version}`)
  if (found.entryCount > maxEntries) return damaged(place, 'solaris', `it claims ${found.entryCount} slices`)
  const unit = found.sectorSize === 0 ? sectorSize : found.sectorSize
  if (![512, 1024, 2048, 4096].includes(unit))
    return damaged(place, 'solaris', `it claims sectors of ${unit} bytes`)
  const partitions = slicesOf(sector.subarray(solarisHeader.size), found.entryCount, (index, slice) =>
    labelPartition(place, {
      index: index + 1,
      slice: `s${index}`,
      start: place.start + slice.firstSector * unit,
      length: slice.sectors * unit,
      type: `solaris:${slice.tag}`,
      typeName: vtocTypeNames[slice.tag] ?? `Solaris tag ${slice.tag}`,
      isWhole: slice.tag === wholeDiskTag,
    }),
  )
  return { kind: 'solaris', id: labelOf(found.volume), sectorSize: unit, partitions, problems: [], notes: [] }
}

/** The slices of a UnixWare (System V) partition. */
export async function readUnixwareVtoc(place: LabelPlace): Promise<Label | null> {
  const sector = await peekIn(place, 29 * sectorSize, sectorSize)
  if (!sector) return null
  const found = unixwareHeader.read(sector, place.disk.name)
  if (found.magic !== unixwareMagic || found.sanity !== sanity) return null
  const count = Math.min(maxEntries, found.entryCount === 0 ? maxEntries : found.entryCount)
  const partitions = slicesOf(sector.subarray(unixwareHeader.size), count, (index, slice) =>
    slice.tag === 0 || slice.flag !== 0x0200
      ? null
      : labelPartition(place, {
          index: index + 1,
          slice: `s${index}`,
          start: slice.firstSector * sectorSize,
          length: slice.sectors * sectorSize,
          type: `unixware:${slice.tag}`,
          typeName: unixwareTypes[slice.tag] ?? `UnixWare tag ${slice.tag}`,
          isWhole: slice.tag === wholeDiskTag,
        }),
  )
  return { kind: 'unixware', id: labelOf(found.volume), sectorSize, partitions, problems: [], notes: [] }
}

interface Slice {
  readonly tag: number
  readonly flag: number
  readonly firstSector: number
  readonly sectors: number
}

function slicesOf(
  bytesOfSlices: Uint8Array,
  count: number,
  toPartition: (index: number, slice: Slice) => Partition | null,
): Partition[] {
  return Array.from({ length: count }, (_, index) => {
    const slice = entry.read(bytesOfSlices, 'VTOC', index * entry.size)
    return slice.sectors === 0 ? null : toPartition(index, slice)
  }).filter((partition) => partition !== null)
}

function damaged({ disk }: LabelPlace, kind: 'solaris' | 'unixware', reason: string): Label {
  const problems = [guestProblem('disklabel-damaged', disk.name, { kind: labelNames[kind], reason })]
  return { kind, id: null, sectorSize, partitions: [], problems, notes: [] }
}
