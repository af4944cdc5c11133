import type { GuestContents, Partition } from '@varve/core/guest/guest-contents'
import { keptInPlace, placedBehind } from '../grow/layout.ts'
import type { Move } from '../resize/move-steps.ts'
import { shrinkUnit, upToUnit } from './sizes.ts'

const endOf = ({ start, length }: Partition) => start + length

/** Bytes that partitions behind that one need behind its end, so that they can follow it by whole units; 0: there are none. */
export function roomBehind(guest: GuestContents, partition: Partition | null): number {
  if (partition === null || keptInPlace(guest, partition).length > 0) return 0
  const behind = placedBehind(guest, partition)
  const [first, last] = [behind[0], behind.at(-1)]
  if (!first || !last) return 0
  const isEven = (first.start - partition.start) % shrinkUnit === 0
  return upToUnit(endOf(last) - first.start) + (isEven ? 0 : shrinkUnit)
}

/** Where the partitions behind that one lie when it ends at byte `end`, from the first to the last; they keep their distances. */
export function movesForward(
  guest: GuestContents,
  partition: Partition | null,
  end: number,
): readonly Move[] {
  if (partition === null || keptInPlace(guest, partition).length > 0) return []
  const behind = placedBehind(guest, partition)
  const [first] = behind
  if (!first) return []
  const by = Math.floor((first.start - end) / shrinkUnit) * shrinkUnit
  if (by <= 0) return []
  return behind.map((one) => ({
    partition: one,
    to: one.start - by,
    filesystem: guest.filesystems.find(({ start }) => start === one.start) ?? null,
  }))
}
