import type { GuestContents, Partition } from '@varve/core/guest/guest-contents'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { blocking } from '../blocking.ts'
import type { Move } from '../resize/move-steps.ts'
import { alignDown, roomFor, tableEnd, type ResizeTarget } from '../resize/targets.ts'

/** Where partitions lie when one has grown. */
export interface Layout {
  /** Byte behind the partition that grows; its own end where there is no room. */
  readonly end: number
  /** From the last to the first, so that no two ever overlap. */
  readonly moves: readonly Move[]
}

interface Laying {
  readonly guest: GuestContents
  readonly partition: Partition
  /** Bytes of the disk that is to be. */
  readonly size: number
  /** Whether those behind it are moved to the end of the disk. */
  readonly isMoving: boolean
}

export function layoutOf({ guest, partition, size, isMoving }: Laying): Layout {
  const { table, filesystems } = guest
  const stays = { end: roomFor(table, partition, size), moves: [] }
  if (!isMoving) return stays
  const behind = placedBehind(guest, partition)
  const [first, last] = [behind[0], behind.at(-1)]
  if (!first || !last) return stays
  const by = alignDown(tableEnd(table, size) - endOf(last))
  if (by <= 0) return stays
  const moves = behind
    .map((one) => ({
      partition: one,
      to: one.start + by,
      filesystem: filesystems.find(({ start }) => start === one.start) ?? null,
    }))
    .toReversed()
  return { end: Math.max(endOf(partition), alignDown(first.start + by)), moves }
}

const endOf = ({ start, length }: Partition) => start + length

/** Partitions behind that one, in the order in which they lie. */
export function placedBehind({ table }: GuestContents, partition: Partition): Partition[] {
  return table.partitions
    .filter(({ start, role }) => start >= endOf(partition) && role !== 'nested' && role !== 'whole')
    .toSorted((one, other) => one.start - other.start)
}

const dynamic = 'dynamic disks of Windows know their parts by their places'
/** Partitions that are known by their place on the disk, by type (UEFI 2.10 section 10.3.5.1; GRUB, BIOS installation; LDM). */
const knownByPlaces: Readonly<Record<string, string>> = {
  'C12A7328-F81F-11D2-BA4B-00A0C93EC93B': 'the firmware finds the EFI system partition by its place too',
  '21686148-6449-6E6F-744E-656564454649': 'GRUB is loaded from the place of the BIOS boot partition',
  '5808C8AA-7E8F-42E0-85D2-E1E90434CFB3': dynamic,
  'AF9B60A0-1431-4F62-BC68-3311714A69AD': dynamic,
  '0x42': dynamic,
}

/** MBR types of OpenBSD and NetBSD, whose labels name sectors of the disk, not of the slice (disklabel(5)). */
const countedFromDisk = ['0xA6', '0xA9']

interface Kept {
  readonly index: number
  readonly why: string
}

/** The partitions behind that one which stay where they are, or that one itself, with the reason. */
export function keptInPlace(guest: GuestContents, partition: Partition): readonly Kept[] {
  const refused = (index: number, why: string): Kept => ({ index, why })
  if (partition.role === 'logical')
    return [refused(partition.index, 'partitions inside an extended one stay where they are')]
  return placedBehind(guest, partition).flatMap(({ index, role, bootable, type }) => {
    if (role !== 'primary') return [refused(index, `it is ${role}, and those stay where they are`)]
    if (guest.table.kind === 'mbr' && bootable) return [refused(index, 'the BIOS starts the guest from it')]
    const label = guest.table.inner?.find(({ within }) => within === index)
    if (label || countedFromDisk.includes(type))
      return [refused(index, 'what lies in it is found by a label that counts from the start of the disk')]
    const known = knownByPlaces[type]
    return known === undefined ? [] : [refused(index, known)]
  })
}

/** Why a partition behind the one that grows is not moved, and what to know of those that are. */
export function moveProblems(file: string, { guest, partition, size, isMoving }: Laying): readonly Problem[] {
  if (!isMoving) return []
  const kept = keptInPlace(guest, partition).map(({ index, why }) =>
    blocking(file, {
      id: 'partition-not-moved',
      layer: 'L4',
      why: `partition ${index} behind it is not moved: ${why}`,
      remedy: 'Leave --move out and say --partition none, and change the partitions inside the guest.',
      details: { partition: index },
    }),
  )
  if (kept.length > 0) return kept
  const { moves } = layoutOf({ guest, partition, size, isMoving })
  return moves.flatMap((move) => (move.filesystem?.type === 'ntfs' ? [knownByPlace(file, move)] : []))
}

/** That Windows may look for that partition where it was. */
export function knownByPlace(file: string, { partition }: Move): Problem {
  return {
    id: 'windows-knows-place',
    severity: 'warn',
    layer: 'L4',
    file,
    message: `L4 ${quote(file)}: partition ${partition.index} with NTFS is moved, and Windows may know it by its place, as it does its recovery environment`,
    remedy: 'In Windows afterwards, as administrator: reagentc /disable, then reagentc /enable.',
  }
}

/** Whether room behind the target could be had by moving others. */
export function couldMove(guest: GuestContents, { partition }: ResizeTarget): boolean {
  return partition !== null && placedBehind(guest, partition).length > 0
}
