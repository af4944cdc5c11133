import type { Label, LabelPlace } from './labels.ts'
import { labelPartition, peekIn } from './labels.ts'
import { parseEntries } from './mbr.ts'

const sectorSize = 512
const minixType = 0x81

/** Minix divides its partition by a table like an MBR in its first sector; sectors count from the start of the disk. */
export async function readMinix(place: LabelPlace): Promise<Label | null> {
  const sector = await peekIn(place, 0, sectorSize)
  const entries = sector && parseEntries(sector, place.disk.name)
  if (!entries || entries.some(({ status }) => (status & 0x7f) !== 0)) return null
  const used = entries.filter(
    ({ type, firstSector, sectors }) =>
      type === minixType &&
      sectors > 0 &&
      firstSector * sectorSize >= place.start &&
      (firstSector + sectors) * sectorSize <= place.start + place.length,
  )
  if (used.length === 0) return null
  const partitions = used.map(({ slot, firstSector, sectors, status }) =>
    labelPartition(place, {
      index: slot,
      slice: `s${slot - 1}`,
      start: firstSector * sectorSize,
      length: sectors * sectorSize,
      type: '0x81',
      typeName: 'Minix',
      bootable: (status & 0x80) !== 0,
      isWhole: false,
    }),
  )
  return { kind: 'minix', id: null, sectorSize, partitions, problems: [], notes: [] }
}
