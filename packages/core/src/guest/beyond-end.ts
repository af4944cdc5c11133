import type { GuestContents, VolumeFinding } from './guest-contents.ts'
import { partitionNumber } from './partition-names.ts'

/** Something of a disk that ends behind a place. */
export interface Beyond {
  readonly layer: 'L4' | 'L5' | 'L6'
  /** In words, such as `partition 3`. */
  readonly what: string
  /** The partition as its table numbers it, where it is one. */
  readonly partition: number | null
  readonly start: number
  /** Byte behind its last. */
  readonly end: number
}

/** What of a disk would be lost if it ended at byte `end`; in order of the layers. Free parts of partitions belong to them. */
export function whatLiesBeyond({ table, volumes, filesystems }: GuestContents, end: number): Beyond[] {
  const found: Beyond[] = [
    ...table.partitions
      .filter(({ role }) => role !== 'whole')
      .map((one): Beyond => ({
        layer: 'L4',
        what: `${one.role === 'extended' ? 'extended partition' : 'partition'} ${partitionNumber(one)}`,
        partition: one.within === undefined ? one.index : null,
        start: one.start,
        end: one.start + one.length,
      })),
    ...volumes.flatMap(volumeEnds),
    ...filesystems
      // What lies in a volume is told by that, whose parts need not follow each other.
      .filter(({ start }) => !volumes.some((volume) => holds(volume, start)))
      .map(({ type, start, size, length }): Beyond => ({
        layer: 'L6',
        what: type,
        partition: null,
        start,
        end: start + (size ?? length),
      })),
  ]
  return found.filter((one) => one.end > end)
}

function volumeEnds({ type, group, members, start, length }: VolumeFinding): Beyond[] {
  const place = { layer: 'L5' as const, partition: null }
  if (members.length === 0) return [{ ...place, what: type, start, end: start + length }]
  return members.flatMap(({ name, segments }) =>
    segments.map((part) => ({
      ...place,
      what: `volume ${group === null ? name : `${group}/${name}`}`,
      start: part.start,
      end: part.start + part.length,
    })),
  )
}

function holds({ start, length, members }: VolumeFinding, at: number): boolean {
  const isInside = (part: { readonly start: number; readonly length: number }) =>
    at >= part.start && at < part.start + part.length
  return isInside({ start, length }) || members.some(({ segments }) => segments.some(isInside))
}
