import type { Partition } from '../guest/guest-contents.ts'
import { holdsData, partitionNumber } from '../guest/partition-names.ts'
import { guestProblem } from '../guest/guest-problem.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { Problem } from '../problems/problem.ts'

/** Findings of one kind that are worth listing; a damaged table would bring hundreds. */
const maxOfAKind = 16

/** Partitions that reach beyond the disk, and those that overlap. */
export function checkPlacement(partitions: readonly Partition[], disk: GuestRegion): Problem[] {
  const diskSize = disk.length
  const outside = partitions
    .filter(({ start, length, role }) => start + length > diskSize && role !== 'whole')
    .map((partition) =>
      guestProblem('partition-outside-disk', disk.name, {
        index: partitionNumber(partition),
        end: partition.start + partition.length,
        diskSize,
      }),
    )
  const inOrder = partitions.filter(holdsData).toSorted((a, b) => a.start - b.start)
  const overlaps: Problem[] = []
  let widest = inOrder[0]
  for (const partition of inOrder.slice(1)) {
    if (!widest) break
    if (partition.start < widest.start + widest.length) {
      overlaps.push(
        guestProblem('partitions-overlap', disk.name, {
          index: partitionNumber(partition),
          other: partitionNumber(widest),
        }),
      )
    }
    if (partition.start + partition.length > widest.start + widest.length) widest = partition
  }
  return [...outside.slice(0, maxOfAKind), ...overlaps.slice(0, maxOfAKind)]
}
