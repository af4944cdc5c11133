import type { GuestContents } from '@varve/core/guest/guest-contents'

/** Where partitions that the kernel has devices of begin. */
export interface GuestPlaces {
  /** Whether something begins where the disk or one of them does. */
  readonly isPlace: (one: { readonly start: number }) => boolean
  /** The number of the partition that begins there, as its own table has it; null: the disk does. */
  readonly partitionAt: (start: number) => number | null
}

export function placesOf({ table }: Pick<GuestContents, 'table'>): GuestPlaces {
  const numbers = new Map(
    table.partitions
      .filter(({ role }) => role === 'primary' || role === 'logical')
      .map(({ start, index }) => [start, index]),
  )
  return {
    isPlace: ({ start }) => start === 0 || numbers.has(start),
    partitionAt: (start) => numbers.get(start) ?? null,
  }
}
