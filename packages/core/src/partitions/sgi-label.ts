import { u16be, u32be } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { labelNames } from '../guest/partition-names.ts'
import { labelPartition, peekIn, wrongChecksum, type Label, type LabelPlace } from './labels.ts'

const sectorSize = 512
const magic = 0x0be5a941
const entryCount = 16
const volumeType = 6

/** IRIX, sys/dvh.h, `struct volume_header`. */
const header = struct('SGI disk label', sectorSize, { magic: [0, u32be], rootPartition: [4, u16be] })
const entry = struct('SGI partition', 12, { sectors: [0, u32be], firstSector: [4, u32be], type: [8, u32be] })
const entriesAt = 312

const typeNames: Readonly<Record<number, string>> = {
  0: 'SGI volume header',
  3: 'SGI swap',
  4: 'SGI BSD',
  5: 'SGI System V',
  6: 'Whole disk',
  7: 'SGI EFS',
  8: 'SGI logical volume',
  9: 'SGI raw logical volume',
  10: 'SGI XFS',
  11: 'SGI XFS log',
  12: 'SGI XLV',
  13: 'SGI XVM',
  0x82: 'Linux swap',
  0x83: 'Linux',
  0x8e: 'Linux LVM',
  0xfd: 'Linux RAID',
}

/** The volume header of IRIX in sector 0. */
export async function readSgiLabel(place: LabelPlace): Promise<Label | null> {
  const sector = await peekIn(place, 0, sectorSize)
  if (!sector) return null
  const file = place.disk.name
  const { magic: found, rootPartition } = header.read(sector, file)
  if (found !== magic) return null
  const view = new DataView(sector.buffer, sector.byteOffset, sectorSize)
  let sum = 0
  for (let at = 0; at < sectorSize; at += 4) sum = (sum + view.getUint32(at)) >>> 0
  const kind = labelNames.sgi
  const reason = wrongChecksum
  const problems = sum === 0 ? [] : [guestProblem('disklabel-damaged', file, { kind, reason })]
  const partitions: Partition[] = []
  for (let index = 0; index < entryCount; index += 1) {
    const { sectors, firstSector, type } = entry.read(sector, file, entriesAt + index * entry.size)
    if (sectors === 0) continue
    partitions.push(
      labelPartition(place, {
        index: index + 1,
        start: firstSector * sectorSize,
        length: sectors * sectorSize,
        type: `sgi:${type}`,
        typeName: typeNames[type] ?? `SGI type ${type}`,
        bootable: rootPartition === index && type !== 0,
        isWhole: type === volumeType,
      }),
    )
  }
  return { kind: 'sgi', id: null, sectorSize, partitions, problems, notes: [] }
}
