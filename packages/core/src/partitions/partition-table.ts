import type { GuestRegion } from '../guest/guest-region.ts'
import { readApm } from './apm.ts'
import { readBsdLabel } from './bsd-label.ts'
import { checkPlacement } from './check-placement.ts'
import { readDisklabel64 } from './disklabel64.ts'
import { readGpt } from './gpt.ts'
import { withInnerTables } from './inner-tables.ts'
import type { ReadLabel } from './labels.ts'
import { readMbr } from './mbr.ts'
import { readSgiLabel } from './sgi-label.ts'
import { readSunLabel } from './sun-label.ts'
import type { ReadTable, TableScan } from './table-scan.ts'
import { readSolarisVtoc, readUnixwareVtoc } from './unix-vtoc.ts'

/** Kinds of tables in the order in which they are tried: labels with a checksum over sector 0 before the MBR, which has none. */
const tableKinds: readonly ReadTable[] = [
  readGpt,
  onWholeDisk(readSgiLabel),
  onWholeDisk(readSunLabel),
  readMbr,
  readApm,
  onWholeDisk(readDisklabel64),
  onWholeDisk(readBsdLabel),
  onWholeDisk(readSolarisVtoc),
  onWholeDisk(readUnixwareVtoc),
]

/** The partition table of a disk with the labels inside its partitions, or null when it has none. */
export async function readPartitionTable(disk: GuestRegion): Promise<TableScan | null> {
  for (const readTable of tableKinds) {
    const scan = await readTable(disk)
    if (scan) return await withInnerTables(disk, scan)
  }
  return null
}

/** A label that stands for the whole disk as its table. */
function onWholeDisk(read: ReadLabel): ReadTable {
  return async (disk) => {
    const label = await read({ disk, start: 0, length: disk.length, slice: null })
    if (!label) return null
    const { kind, id, sectorSize, partitions, notes } = label
    const problems = [...label.problems, ...checkPlacement(partitions, disk)]
    const sure = problems.some(({ severity }) => severity !== 'info') ? 'damaged' : 'consistent'
    return { table: { kind, sure, sectorSize, id, partitions, notes }, problems }
  }
}
