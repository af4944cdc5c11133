import { countOf, formatBytes } from '../units/format-bytes.ts'
import { innermostPartitions, partitionNumber, tableName } from '../guest/partition-names.ts'
import { filesystemName, isEncrypted, volumeName } from '../guest/guest-names.ts'
import { firmwareFor } from '../scan/boot-firmware.ts'
import type { FilesystemFinding, GuestContents, Partition, VolumeFinding } from '../guest/guest-contents.ts'
import type { Band, LayerReport, LayerSureness, SummaryPart } from '../image/image-report.ts'
import { layerLine, warned } from './layer-line.ts'

/** Bands per layer that the wire carries. */
const maxBands = 1024
/** Space before or after a partition from which it shows as a gap: alignment and the GPT itself are smaller. */
const smallestGap = 2 * 1024 * 1024

export interface GuestSizes {
  readonly virtualSize: number
  readonly reclaimable: number | null
}

/** L7 to L4 in words; all unknown when the disk could not be opened. */
export function describeGuestLayers(guest: GuestContents | null, sizes: GuestSizes): LayerReport[] {
  if (guest === null) {
    const summary = 'not looked at: the disk could not be opened'
    return (['L7', 'L6', 'L5', 'L4'] as const).map((layer) => report(layer, 'unknown', summary))
  }
  return [
    report('L7', 'unknown', 'not looked at'),
    describeFilesystems(guest, sizes),
    describeVolumes(guest),
    describeTable(guest, sizes.virtualSize),
  ]
}

function describeFilesystems(guest: GuestContents, { reclaimable, virtualSize }: GuestSizes): LayerReport {
  const { filesystems } = guest
  if (filesystems.length === 0) {
    const hidden = guest.volumes.filter(({ type }) => isEncrypted(type))
    return hidden.length > 0
      ? report('L6', 'unknown', `hidden inside ${hidden.map(({ type }) => volumeName(type)).join(', ')}`)
      : report('L6', 'none', 'no filesystem recognised')
  }
  const parts = [...new Set(filesystems.map(({ type }) => filesystemName(type)))]
  const dirty = filesystems.filter(({ state }) => state === 'dirty').length
  const clean = filesystems.filter(({ state }) => state === 'clean').length
  const summary: (string | SummaryPart)[] = [parts.join(', ')]
  if (dirty > 0) summary.push(warned(`${countOf(dirty, 'filesystem')} not unmounted cleanly`))
  else if (clean > 0) summary.push('clean')
  if (reclaimable !== null && reclaimable > 0) {
    summary.push(warned(`${formatBytes(reclaimable)} free here is still allocated below`))
  }
  return {
    layer: 'L6',
    sure: sureness(filesystems),
    ...layerLine(summary),
    notes: filesystems
      .flatMap((filesystem) => filesystem.notes.map((note) => `${filesystemTitle(filesystem)}: ${note}`))
      .slice(0, 200),
    bands: filesystems
      .flatMap((filesystem) => filesystemBand(filesystem, guest, virtualSize))
      .slice(0, maxBands),
  }
}

/** A filesystem's band on the disk's axis; on a logical volume of several runs it spans the first. */
function filesystemBand(filesystem: FilesystemFinding, guest: GuestContents, virtualSize: number): Band[] {
  const { start, used, free, type } = filesystem
  const member = guest.volumes
    .flatMap(({ members }) => members)
    .find(({ segments, length }) => segments[0]?.start === start && length === filesystem.length)
  const onDisk = member?.segments[0]?.length ?? filesystem.length
  const length = Math.min(onDisk, virtualSize - start)
  if (length <= 0) return []
  const title = filesystemTitle(filesystem)
  if (type === 'swap') return [{ start, length, kind: 'swap', label: title, used: null, free: null }]
  const label = used === null ? title : `${title} — ${formatBytes(used)} used`
  const isWhole = length === filesystem.length
  return [
    { start, length, kind: 'filesystem', label, used: isWhole ? used : null, free: isWhole ? free : null },
  ]
}

function filesystemTitle({ type, label }: FilesystemFinding): string {
  return label === null || label === '' ? filesystemName(type) : `${filesystemName(type)} ${label}`
}

function describeVolumes({ volumes }: GuestContents): LayerReport {
  if (volumes.length === 0) return report('L5', 'none', 'none: filesystems sit directly on partitions')
  return {
    layer: 'L5',
    sure: sureness(volumes),
    ...layerLine(volumes.slice(0, 8).map(volumeSummary)),
    notes: volumes
      .flatMap((volume) => volume.notes.map((note) => `${volumeTitle(volume)}: ${note}`))
      .slice(0, 200),
    bands: volumes.flatMap(volumeBands).slice(0, maxBands),
  }
}

function volumeTitle({ type, group, label }: VolumeFinding): string {
  const name = group ?? label
  return name === null || name === '' ? volumeName(type) : `${volumeName(type)} ${name}`
}

function volumeSummary(volume: VolumeFinding): string {
  const { members } = volume
  if (members.length === 0) return volumeTitle(volume)
  const named = members.slice(0, 3).map(({ name, length }) => `${name} ${formatBytes(length)}`)
  const rest = members.length - named.length
  return `${volumeTitle(volume)}: ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

function volumeBands(volume: VolumeFinding): Band[] {
  const placed = volume.members
    .flatMap(({ name, segments }) => segments.map((segment) => ({ ...segment, label: name })))
    .sort((a, b) => a.start - b.start)
  const runs = placed.length > 0 ? placed : [{ ...volume, label: volumeTitle(volume) }]
  return runs.map(({ start, length, label }) => ({
    start,
    length,
    kind: 'volume' as const,
    label,
    used: null,
    free: null,
  }))
}

function describeTable({ table, filesystems, volumes }: GuestContents, virtualSize: number): LayerReport {
  if (table.kind === 'none') {
    const isBare = filesystems.length > 0 || volumes.length > 0
    const summary = isBare ? 'none: the disk is not partitioned' : 'none found'
    return { ...report('L4', 'none', summary), notes: table.notes }
  }
  const names = {
    gpt: 'GPT',
    mbr: 'MBR',
    hybrid: 'GPT with a hybrid MBR',
    apm: 'Apple partition map',
  } as const
  const title = [tableName(table, names), ...table.notes.slice(0, 1)].join(', ')
  const summary: (string | SummaryPart)[] = [table.sure === 'damaged' ? warned(title) : title]
  const shown = innermostPartitions(table.partitions)
  const logical = shown.filter(({ role }) => role === 'logical').length
  summary.push(countOf(shown.length, 'partition') + (logical > 0 ? `, ${logical} of them logical` : ''))
  summary.push(...alignment(shown), ...startsBy(table))
  return {
    layer: 'L4',
    sure: 'read',
    ...layerLine(summary),
    notes: table.notes.slice(1),
    bands: withGaps(shown, virtualSize).slice(0, maxBands),
  }
}

function alignment(partitions: readonly Partition[]): string[] {
  if (partitions.length === 0) return []
  const mebibyte = 1024 * 1024
  return partitions.every(({ start }) => start % mebibyte === 0) ? ['1 MiB aligned'] : []
}

function startsBy(table: GuestContents['table']): string[] {
  const { efi, bios } = firmwareFor(table)
  if (efi && bios) return ['boots by UEFI or BIOS']
  if (efi) return ['boots by UEFI']
  return bios ? ['boots by BIOS'] : []
}

function withGaps(partitions: readonly Partition[], virtualSize: number): Band[] {
  const bands: Band[] = []
  let at = 0
  const gapTo = (end: number) => {
    if (end - at < smallestGap) return
    const length = end - at
    const label = `${formatBytes(length)} not partitioned`
    bands.push({ start: at, length, kind: 'gap', label, used: null, free: null })
  }
  for (const partition of [...partitions].sort((a, b) => a.start - b.start)) {
    const end = Math.min(virtualSize, partition.start + partition.length)
    if (partition.start >= end) continue
    gapTo(partition.start)
    bands.push({
      start: partition.start,
      length: end - partition.start,
      kind: 'partition',
      label: `${partitionNumber(partition)} · ${partition.typeName} · ${formatBytes(partition.length)}`,
      used: null,
      free: null,
    })
    at = Math.max(at, end)
  }
  gapTo(virtualSize)
  return bands
}

function sureness(findings: readonly { readonly sure: string }[]): LayerSureness {
  return findings.every(({ sure }) => sure === 'signature') ? 'recognised' : 'read'
}

function report(layer: LayerReport['layer'], sure: LayerSureness, summary: string): LayerReport {
  return { layer, sure, ...layerLine([summary]), notes: [], bands: [] }
}
