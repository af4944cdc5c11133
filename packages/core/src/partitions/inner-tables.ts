import type { InnerTable, Partition } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { labelNames, partitionNumber } from '../guest/partition-names.ts'
import type { Problem } from '../problems/problem.ts'
import { readBsdLabel } from './bsd-label.ts'
import { checkPlacement } from './check-placement.ts'
import { readDisklabel64 } from './disklabel64.ts'
import type { Label, LabelPlace, ReadLabel } from './labels.ts'
import { readMinix } from './minix.ts'
import { maxPartitions, type TableScan } from './table-scan.ts'
import { readSolarisVtoc, readUnixwareVtoc } from './unix-vtoc.ts'

const bsd = [readDisklabel64, readBsdLabel]

/** Partition types that may be divided further, by the labels that are looked for in them. */
const labelsByType: Readonly<Record<string, readonly ReadLabel[]>> = {
  '0x63': [readUnixwareVtoc],
  '0x6C': bsd,
  '0x81': [readMinix],
  '0x82': [readSolarisVtoc],
  '0x9F': bsd,
  '0xA5': bsd,
  '0xA6': bsd,
  '0xA9': bsd,
  '0xB7': bsd,
  '0xBF': [readSolarisVtoc],
  '516E7CB4-6ECF-11D6-8FF8-00022D09712B': bsd,
  '824CC7A0-36A8-11E3-890A-952519AD3F61': bsd,
  '9D087404-1CA5-11DC-8817-01301BB8A9F5': bsd,
  '3D48CE54-1D16-11DC-8696-01301BB8A9F5': bsd,
  'BD215AB2-1D16-11DC-8696-01301BB8A9F5': bsd,
}

/** The table with what the labels inside its partitions list. */
export async function withInnerTables(disk: GuestRegion, scan: TableScan): Promise<TableScan> {
  const outer = scan.table.partitions
  const partitions = [...outer]
  const inner: InnerTable[] = []
  const problems: Problem[] = [...scan.problems]
  const notes: string[] = [...scan.table.notes]
  for (const slice of outer) {
    const label = await labelIn(disk, slice)
    if (!label) continue
    inner.push({ kind: label.kind, within: slice.index, id: label.id })
    const found = insideOf(slice, { label, outer, disk })
    const room = Math.max(0, maxPartitions - partitions.length)
    partitions.push(...found.partitions.slice(0, room))
    problems.push(...label.problems, ...checkPlacement(found.partitions, disk))
    notes.push(
      ...[...label.notes, ...found.notes].map(
        (note) => `partition ${slice.index}, ${labelNames[label.kind]}: ${note}`,
      ),
    )
  }
  if (inner.length === 0) return scan
  const isDamaged = problems.some(({ severity }) => severity !== 'info')
  const sure = isDamaged ? 'damaged' : scan.table.sure
  return { table: { ...scan.table, sure, partitions, inner, notes }, problems }
}

async function labelIn(disk: GuestRegion, slice: Partition): Promise<Label | null> {
  if (slice.role === 'extended') return null
  const { start } = slice
  const length = slice.role === 'whole' ? disk.length : Math.min(slice.length, disk.length - start)
  const place: LabelPlace = { disk, start, length, slice }
  for (const read of labelsByType[slice.type] ?? []) {
    const label = await read(place)
    if (label) return label
  }
  return null
}

interface Surroundings {
  readonly label: Label
  readonly outer: readonly Partition[]
  readonly disk: GuestRegion
}

/** What of a label belongs to its slice: OpenBSD and NetBSD also list the partitions of the MBR that lie outside. */
function insideOf(slice: Partition, { label, outer, disk }: Surroundings) {
  const partitions: Partition[] = []
  const notes: string[] = []
  const end = slice.role === 'whole' ? disk.length : slice.start + slice.length
  for (const partition of label.partitions) {
    const isInside = partition.start >= slice.start && partition.start + partition.length <= end
    if (isInside || partition.role === 'whole') partitions.push(partition)
    else if (isFree(partition, { slice, outer, disk })) partitions.push(partition)
    else if (!outer.some(({ start }) => start === partition.start))
      notes.push(`${partitionNumber(partition)} reaches outside its partition and is not looked at`)
  }
  return { partitions, notes }
}

function isFree(
  { start, length }: Partition,
  {
    slice,
    outer,
    disk,
  }: { readonly slice: Partition; readonly outer: readonly Partition[]; readonly disk: GuestRegion },
): boolean {
  const isApart = (other: Partition) => start + length <= other.start || other.start + other.length <= start
  return start + length <= disk.length && isApart(slice) && outer.every(isApart)
}
