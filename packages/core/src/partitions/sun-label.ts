import { bytes, u16be, u32be } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { labelOf } from '../binary/text.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { labelNames } from '../guest/partition-names.ts'
import type { Problem } from '../problems/problem.ts'
import { labelPartition, peekIn, wrongChecksum, type Label, type LabelPlace } from './labels.ts'
import { vtocTypeNames, wholeDiskTag } from './vtoc-types.ts'

const sectorSize = 512
const entryCount = 8
const vtocSanity = 0x600ddeee
const magic = 0xdabe

/** Solaris, sys/dklabel.h, `struct dk_label` of SPARC. */
const header = struct('Sun disklabel', sectorSize, {
  version: [128, u32be],
  volume: [132, bytes(8)],
  vtocEntries: [140, u16be],
  sanity: [188, u32be],
  heads: [436, u16be],
  sectorsPerTrack: [438, u16be],
  magic: [508, u16be],
})
const tag = struct('Sun partition tag', 4, { tag: [0, u16be], flag: [2, u16be] })
const tagsAt = 142
const entry = struct('Sun partition', 8, { firstCylinder: [0, u32be], sectors: [4, u32be] })
const entriesAt = 444

/** The label of SPARC systems in sector 0: starts in cylinders, sizes in sectors, tags by the VTOC where that is valid. */
export async function readSunLabel(place: LabelPlace): Promise<Label | null> {
  const sector = await peekIn(place, 0, sectorSize)
  if (!sector) return null
  const file = place.disk.name
  const {
    version,
    volume,
    vtocEntries,
    sanity,
    heads,
    sectorsPerTrack,
    magic: found,
  } = header.read(sector, file)
  if (found !== magic) return null
  const isVtoc = sanity === vtocSanity && version === 1 && vtocEntries <= entryCount
  const isIntact = isWhole(sector)
  // Two bytes alone are no sign of a label.
  if (!isIntact && !isVtoc) return null
  const hasTags = isVtoc || (sanity === 0 && version === 0 && vtocEntries === 0)
  const cylinder = heads * sectorsPerTrack * sectorSize
  const partitions: Partition[] = []
  let isPossible = true
  for (let index = 0; index < (isVtoc ? vtocEntries : entryCount); index += 1) {
    const { firstCylinder, sectors } = entry.read(sector, file, entriesAt + index * entry.size)
    if (sectors === 0) continue
    const [start, length] = [firstCylinder * cylinder, sectors * sectorSize]
    if (!Number.isSafeInteger(start + length)) {
      isPossible = false
      continue
    }
    const type = hasTags ? tag.read(sector, file, tagsAt + index * tag.size).tag : 0
    partitions.push(
      labelPartition(place, {
        index: index + 1,
        start,
        length,
        type: `sun:${type}`,
        typeName: vtocTypeNames[type] ?? `Sun type ${type}`,
        isWhole: type === wholeDiskTag,
      }),
    )
  }
  return {
    kind: 'sun',
    id: labelOf(volume),
    sectorSize,
    partitions,
    problems: [
      ...(isIntact ? [] : [damage(file, wrongChecksum)]),
      ...(isPossible ? [] : [damage(file, 'an entry has an impossible place')]),
    ],
    notes: [],
  }
}

/** All 16-bit words of the sector, exclusive or, are zero. */
function isWhole(sector: Uint8Array): boolean {
  let [even, odd] = [0, 0]
  for (let at = 0; at < sectorSize; at += 2) {
    even ^= sector[at] ?? 0
    odd ^= sector[at + 1] ?? 0
  }
  return even === 0 && odd === 0
}

function damage(file: string, reason: string): Problem {
  return guestProblem('disklabel-damaged', file, { kind: labelNames.sun, reason })
}
