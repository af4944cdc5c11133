import type { GuestRegion } from '../layers/guest-region.ts'
import { readApm } from './apm.ts'
import { readGpt } from './gpt.ts'
import { readMbr } from './mbr.ts'
import type { ReadTable, TableScan } from './table-scan.ts'

/** Kinds of tables in the order in which they are tried. */
const tableKinds: readonly ReadTable[] = [readGpt, readMbr, readApm]

/** The partition table of a disk, or null when it has none. */
export async function readPartitionTable(disk: GuestRegion): Promise<TableScan | null> {
  for (const readTable of tableKinds) {
    const scan = await readTable(disk)
    if (scan) return scan
  }
  return null
}
