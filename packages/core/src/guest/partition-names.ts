import type { LabelKind, Partition, PartitionTable } from './guest-contents.ts'

/** What people call a label of that kind. */
export const labelNames: Readonly<Record<LabelKind, string>> = {
  bsd: 'BSD disklabel',
  disklabel64: 'DragonFly disklabel64',
  sun: 'Sun disklabel',
  sgi: 'SGI disk label',
  solaris: 'Solaris VTOC',
  unixware: 'UnixWare VTOC',
  minix: 'Minix subpartitions',
}

/** A table in words, with the labels inside its partitions: `MBR with BSD disklabel`. */
export function tableName(
  { kind, inner = [] }: PartitionTable,
  names: Readonly<Record<string, string>>,
): string {
  const own = names[kind] ?? (isLabel(kind) ? labelNames[kind] : kind)
  const labels = [...new Set(inner.map((label) => labelNames[label.kind]))]
  return labels.length === 0 ? own : `${own} with ${labels.join(' and ')}`
}

function isLabel(kind: PartitionTable['kind']): kind is LabelKind {
  return Object.hasOwn(labelNames, kind)
}

/** As people name a partition: `2`; `a` of a label, `2a` of the label inside partition 2. */
export function partitionNumber({ index, slice, within }: Partition): string {
  return `${within ?? ''}${slice ?? (within === undefined ? index : `.${index}`)}`
}

/** Whether a partition is a place of its own: neither the frame of others nor a name for the whole disk. */
export function holdsData({ role }: Partition): boolean {
  return role !== 'extended' && role !== 'whole'
}

/** The partitions in which guests keep data, each byte in one: those that a label divides further are left out. */
export function innermostPartitions(partitions: readonly Partition[]): readonly Partition[] {
  const divided = new Set(
    partitions.flatMap(({ role, within }) => (role === 'nested' && within !== undefined ? [within] : [])),
  )
  return partitions.filter(
    (partition) => holdsData(partition) && (partition.within !== undefined || !divided.has(partition.index)),
  )
}
