import type { Partition, PartitionTable } from '@varve/core/guest/guest-contents'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { blocking } from '../blocking.ts'
import type { ResizeFacts } from '../resize/facts.ts'
import { tableEnd } from '../resize/targets.ts'

const [basicData, linux] = ['EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', '0FC63DAF-8483-4772-8E79-3D69D8477DE4']

/** What a partition of an MBR is in a GPT (UEFI 2.10 section 5.3.3 and the vendors' own); others have no word there. */
const typesInGpt: Readonly<Record<string, string>> = {
  '0x01': basicData,
  '0x04': basicData,
  '0x06': basicData,
  '0x07': basicData,
  '0x0B': basicData,
  '0x0C': basicData,
  '0x0E': basicData,
  '0x27': 'DE94BBA4-06D1-4D40-A16A-BFD50179D6AC',
  '0x82': '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F',
  '0x83': linux,
  '0x8E': 'E6D6D379-F507-44C2-A23C-238F2A3DF928',
  '0xAF': '48465300-0000-11AA-AA11-00306543ECAC',
  '0xEF': 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  '0xFD': 'A19D880F-05FC-4D3B-A006-743F0F84911E',
}

/** Protective MBR, header and entries of the first copy, in bytes. */
const gptHead = 34 * 512

/** The same facts with the table as a GPT has it: what follows in the plan acts on that. */
export function asGpt(facts: ResizeFacts): ResizeFacts {
  const { guest } = facts
  if (guest === null || guest.table.kind !== 'mbr') return facts
  return { ...facts, guest: { ...guest, table: tableAsGpt(guest.table) } }
}

function tableAsGpt(table: PartitionTable): PartitionTable {
  const partitions = table.partitions
    .filter(({ role }) => role !== 'extended')
    .map((one): Partition => ({ ...one, role: 'primary', type: typesInGpt[one.type] ?? one.type }))
  return { ...table, kind: 'gpt', partitions, records: undefined }
}

/** What the step that writes the GPT is told. */
export function partitionsOfGpt({ partitions }: PartitionTable) {
  return partitions
    .toSorted((one, other) => one.start - other.start)
    .map(({ index, start, length, type, bootable }) => ({ index, start, length, type, isActive: bootable }))
}

/** Why the MBR does not become a GPT, and what to know when it does; `size`: bytes of the disk that is to be. */
export function gptProblems({ image, guest }: ResizeFacts, size: number): readonly Problem[] {
  const file = image.path
  const refused = (id: string, why: string, remedy: string) => [
    blocking(file, { id, layer: 'L4', why, remedy }),
  ]
  if (guest === null) return []
  const { table } = guest
  if (table.kind !== 'mbr')
    return refused(
      'no-mbr',
      `it has ${table.kind === 'gpt' ? 'a GPT already' : 'no MBR that could become a GPT'}`,
      'Leave --gpt out.',
    )
  if (table.sectorSize !== 512)
    return refused(
      'sectors-not-resized',
      `its MBR counts sectors of ${table.sectorSize} bytes`,
      'Leave --gpt out, and change the table inside the guest.',
    )
  if ((table.inner ?? []).length > 0)
    return refused(
      'type-not-in-gpt',
      'one of its partitions has a label of its own inside',
      'Leave --gpt out, and change the table inside the guest.',
    )
  const kept = table.partitions.filter(({ role }) => role !== 'extended')
  const strange = kept.find(({ type }) => typesInGpt[type] === undefined)
  if (strange)
    return refused(
      'type-not-in-gpt',
      `partition ${strange.index} is of type ${strange.type}, which has no equal in a GPT`,
      'Leave --gpt out, and change the table inside the guest.',
    )
  const starts = kept.map(({ start }) => start)
  if (Math.min(...starts) < gptHead)
    return refused(
      'no-room-for-gpt',
      'its first partition begins where the GPT would lie',
      'Leave --gpt out: copy its partitions into a new disk instead.',
    )
  const end = Math.max(0, ...kept.map(({ start, length }) => start + length))
  if (end > tableEnd(tableAsGpt(table), size))
    return refused(
      'no-room-for-gpt',
      'its last partition ends where the second copy of the GPT would lie',
      'Say a larger size: a MiB more is enough.',
    )
  return [startsOtherwise(file)]
}

function startsOtherwise(file: string): Problem {
  return {
    id: 'bios-start-lost',
    severity: 'warn',
    layer: 'L4',
    file,
    message: `L4 ${quote(file)}: a guest that its BIOS starts from this disk no longer starts: what loads it lies where the GPT is written, or looks for an MBR`,
    remedy:
      'For a disk of data accept this. Else install the boot loader again from a rescue system (GRUB needs a BIOS boot partition, Windows UEFI), or leave --gpt out.',
  }
}
