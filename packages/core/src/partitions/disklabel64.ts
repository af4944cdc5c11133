import { crc32 } from '../binary/crc32.ts'
import { bytes, u32le, u64le, u8 } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { formatGuid, isNil } from '../binary/uuid.ts'
import type { Partition } from '../guest/guest-contents.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import { labelNames } from '../guest/partition-names.ts'
import type { Problem } from '../problems/problem.ts'
import { isDiskError } from '../problems/disk-error.ts'
import { labelPartition, peekIn, wrongChecksum, type Label, type LabelPlace } from './labels.ts'

/** DragonFly, sys/disklabel64.h: its numbers are bytes, counted from the start of the slice. */
const header = struct('disklabel64', 712, {
  magic: [512, u32le],
  crc: [516, u32le],
  entryCount: [524, u32le],
  uuid: [528, bytes(16)],
})
const entry = struct('disklabel64 entry', 64, {
  start: [0, u64le],
  length: [8, u64le],
  type: [16, u8],
  uuid: [48, bytes(16)],
})
const magic = 0xc4464c59
const checkedFrom = 512
const maxEntries = 16

const typeNames: Readonly<Record<number, string>> = {
  0: 'Unused',
  1: 'DragonFly swap',
  7: 'UFS',
  8: 'FAT',
  22: 'HAMMER',
  23: 'HAMMER2',
}

/** The disklabel64 of DragonFly at the start of a disk or slice. */
export async function readDisklabel64(place: LabelPlace): Promise<Label | null> {
  const head = await peekIn(place, 0, header.size + maxEntries * entry.size)
  const file = place.disk.name
  if (!head || new DataView(head.buffer, head.byteOffset).getUint32(checkedFrom, true) !== magic) return null
  const { crc, entryCount, uuid } = header.read(head, file)
  if (entryCount > maxEntries) return damaged(place, `it claims ${entryCount} entries`)
  const checked = head.slice(checkedFrom, header.size + entryCount * entry.size)
  checked.fill(0, 4, 8)
  const problems = crc32(checked) === crc ? [] : [wrong(place, wrongChecksum)]
  const partitions: Partition[] = []
  for (let index = 0; index < entryCount; index += 1) {
    const partition = entryOf(head, index, place)
    if (partition === 'impossible') return damaged(place, `entry ${index} has an impossible place`)
    if (partition) partitions.push(partition)
  }
  const id = isNil(uuid) ? null : formatGuid(uuid)
  return { kind: 'disklabel64', id, sectorSize: 512, partitions, problems, notes: [] }
}

function entryOf(head: Uint8Array, index: number, place: LabelPlace): Partition | 'impossible' | null {
  try {
    const { start, length, type, uuid } = entry.read(head, place.disk.name, header.size + index * entry.size)
    if (length === 0) return null
    if (!Number.isSafeInteger(place.start + start + length)) return 'impossible'
    return labelPartition(place, {
      index: index + 1,
      slice: String.fromCharCode(0x61 + index),
      start: place.start + start,
      length,
      type: `bsd:${type}`,
      typeName: typeNames[type] ?? `BSD type ${type}`,
      uuid: isNil(uuid) ? null : formatGuid(uuid),
      isWhole: false,
    })
  } catch (error) {
    if (isDiskError(error, 'limit-exceeded')) return 'impossible'
    throw error
  }
}

function damaged(place: LabelPlace, reason: string): Label {
  const problems = [wrong(place, reason)]
  return { kind: 'disklabel64', id: null, sectorSize: 512, partitions: [], problems, notes: [] }
}

function wrong({ disk }: LabelPlace, reason: string): Problem {
  return guestProblem('disklabel-damaged', disk.name, { kind: labelNames.disklabel64, reason })
}
