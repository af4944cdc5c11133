import type { LabelKind, Partition } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { Problem } from '../problems/problem.ts'

/** The disk or the slice in which a label is looked for. */
export interface LabelPlace {
  readonly disk: GuestRegion
  /** Bytes from the start of the disk. */
  readonly start: number
  readonly length: number
  /** The partition that it is; null for the whole disk. */
  readonly slice: Pick<Partition, 'index' | 'type'> | null
}

/** A label and what it lists, with places counted from the start of the disk. */
export interface Label {
  readonly kind: LabelKind
  readonly id: string | null
  readonly sectorSize: number
  readonly partitions: readonly Partition[]
  readonly problems: readonly Problem[]
  readonly notes: readonly string[]
}

/** What each file that reads a kind of label exports: null when none of that kind is there. */
export type ReadLabel = (place: LabelPlace) => Promise<Label | null>

/** Why a label is damaged whose entries are listed all the same, as fdisk does. */
export const wrongChecksum = 'its checksum is wrong, so what it lists may be too'

/** `length` bytes at byte `at` of the place, or null where it ends before. */
export async function peekIn(
  { disk, start, length }: LabelPlace,
  at: number,
  wanted: number,
): Promise<Uint8Array | null> {
  return at + wanted <= length ? await disk.peek(start + at, wanted) : null
}

/** An entry of a label as a partition. */
export function labelPartition(
  { slice }: LabelPlace,
  said: Pick<Partition, 'index' | 'start' | 'length' | 'type' | 'typeName'> &
    Partial<Pick<Partition, 'slice' | 'uuid' | 'bootable'>> & { readonly isWhole: boolean },
): Partition {
  const { isWhole, ...own } = said
  return {
    name: null,
    uuid: null,
    bootable: false,
    ...own,
    role: isWhole ? 'whole' : slice ? 'nested' : 'primary',
    ...(slice ? { within: slice.index } : {}),
  }
}
