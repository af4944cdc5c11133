import type { PartitionTable } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import type { Problem } from '../problems/problem.ts'

/** A partition table and what is wrong with it. */
export interface TableScan {
  readonly table: PartitionTable
  readonly problems: readonly Problem[]
}

/** What each file of this folder that reads a kind of table exports: null when the disk has none of that kind. */
export type ReadTable = (disk: GuestRegion) => Promise<TableScan | null>

/** Partitions that are listed at most. */
export const maxPartitions = 1024
