import { filesystemName, volumeName } from '@varve/core/guest/guest-names'
import type { GuestContents } from '@varve/core/guest/guest-contents'
import { formatBytes } from '@varve/core/units/format-bytes'
import { targetsOf, type ResizeTarget } from '@varve/operations/resize/targets'
import { isWindowsFilesystem } from '@varve/operations/actions/windows-volume'
import { fromImageReportView } from '@varve/protocol/reports'
import type { Field, Subject, Values } from '../face.ts'
import { dependents, notWritten, unreadable } from '../face-parts.ts'

/** What is known of what is in the disk; null: nothing. */
export function guestOf({ report }: Subject): GuestContents | null {
  return report === null ? null : fromImageReportView(report).guest
}

/** Why its disk gets no other size there; null: it does. */
export function notResized(subject: Subject): string | null {
  return notWritten(subject) ?? unreadable(subject) ?? dependents(subject)
}

/** Whether tools of Linux change what is in a disk there. */
export function isOnLinux({ hostView }: Subject): boolean {
  return hostView === null || hostView.os.platform === 'linux'
}

/** What of a disk its host gives another size, too: Windows NTFS and ReFS, others than it and Linux the disk alone. */
function targetsThere(subject: Subject): readonly ResizeTarget[] {
  const guest = guestOf(subject)
  const targets = guest === null ? [] : targetsOf(guest).filter(({ partition }) => partition !== null)
  if (isOnLinux(subject)) return targets
  if (subject.hostView?.os.platform !== 'windows') return []
  return targets.filter(({ volume, filesystem }) => volume === null && isWindowsFilesystem(filesystem?.type))
}

/** Whether its host changes what is in a disk, too. */
export function isResizedInside(subject: Subject): boolean {
  return isOnLinux(subject) || targetsThere(subject).length > 0
}

/** What gets another size unless somebody says so. */
export function usualPartition(subject: Subject): string {
  return isResizedInside(subject) ? '' : 'none'
}

interface PartitionWords {
  readonly label: string
  /** What happens where none is chosen. */
  readonly usual: string
  /** What happens where none is to change. */
  readonly none: string
}

/** Which partition changes with the disk. */
export function partitionField(subject: Subject, { label, usual, none }: PartitionWords): Field {
  return {
    kind: 'choice',
    key: 'partition',
    label,
    width: 'half',
    options: [
      ...(isResizedInside(subject)
        ? [
            { value: '', label: usual },
            ...targetsThere(subject).map((target) => ({
              value: String(target.partition?.index ?? ''),
              label: targetWords(target),
            })),
          ]
        : []),
      { value: 'none', label: none },
    ],
  }
}

export function partitionOf({ partition = '' }: Values): number | 'none' | null {
  if (partition === 'none') return 'none'
  return partition === '' ? null : Number(partition)
}

/** `2: ext4 root, 29.0 GiB`. */
function targetWords({ partition, filesystem, volume }: ResizeTarget): string {
  const held =
    volume !== null
      ? `${volumeName(volume.type)}${volume.group === null ? '' : ` ${volume.group}`}`
      : filesystem === null
        ? (partition?.typeName ?? 'nothing that is known')
        : `${filesystemName(filesystem.type)}${filesystem.label === null ? '' : ` ${filesystem.label}`}`
  return `${partition?.index ?? ''}: ${held}, ${formatBytes(partition?.length ?? 0)}`
}

/** The logical volumes of what changes, where there are several. */
export function volumeField(subject: Subject, values: Values): readonly Field[] {
  const chosen = partitionOf(values)
  const guest = guestOf(subject)
  if (guest === null || chosen === 'none' || !isOnLinux(subject)) return []
  const start = guest.table.partitions.find(({ index }) => index === chosen)?.start
  const groups = guest.volumes.filter(
    (one) => one.type === 'lvm2' && (chosen === null || one.start === start),
  )
  const names = groups.flatMap(({ group, members }) => members.map(({ name }) => `${group ?? ''}/${name}`))
  if (names.length < 2) return []
  return [
    {
      kind: 'choice',
      key: 'volume',
      label: 'Logical volume',
      width: 'half',
      options: [
        { value: '', label: 'the one with a filesystem' },
        ...[...new Set(names)].map((value) => ({ value, label: value })),
      ],
    },
  ]
}

/** The logical volume that was chosen; null: none was asked for. */
export function volumeIn(
  subject: Subject,
  values: Values,
): { readonly group: string; readonly name: string } | null {
  if (volumeField(subject, values).length === 0) return null
  const [group, name] = (values['volume'] ?? '').split('/')
  return group && name ? { group, name } : null
}

/** Which of its files are read to prove that they are the same. */
export function contentsField(subject: Subject): Field {
  const always = isOnLinux(subject) ? 'names, rights' : 'names, sizes, times'
  return {
    kind: 'choice',
    key: 'contents',
    label: 'Its files are compared before and after by',
    width: 'half',
    options: [
      { value: 'sample', label: `${always}, and some contents` },
      { value: 'all', label: `${always}, and all contents` },
    ],
  }
}
