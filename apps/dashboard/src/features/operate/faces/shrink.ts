import type { GuestContents } from '@varve/core/guest/guest-contents'
import { filesystemName, volumeName } from '@varve/core/guest/guest-names'
import { formatBytes } from '@varve/core/units/format-bytes'
import { parseBytes } from '@varve/core/units/parse-bytes'
import { isMade, isResized, resizedKind } from '@varve/operations/resize/kinds'
import { targetsOf, type ResizeTarget } from '@varve/operations/resize/targets'
import { smallestCut } from '@varve/operations/shrink/choice'
import type { Face, Field, Subject, Values } from '../face.ts'
import { nameOf } from '../face-parts.ts'
import {
  contentsField,
  guestOf,
  isOnLinux,
  notResized,
  partitionField,
  partitionOf,
  volumeField,
  volumeIn,
  usualPartition,
} from './resize.ts'

export const shrinkFace: Face = {
  operation: 'shrink',
  verb: 'Shrink',
  about: 'Makes its disk smaller, its last filesystem and partition first.',
  effect: 'changes',
  keywords: 'resize smaller reduce cut partition filesystem minimum disk size',
  ready: 'It is done on a hidden copy and proven. The original is kept in quarantine: undo brings it back.',
  of: 'image',
  isForMany: false,
  defaults: (subject) => ({
    how: 'min',
    size: '',
    partition: usualPartition(subject),
    volume: '',
    way: '',
    contents: 'sample',
  }),
  fields: (subject, values) => [
    {
      kind: 'choice',
      key: 'how',
      label: 'How small',
      width: 'half',
      options: [
        { value: 'min', label: 'as small as what is in it allows' },
        { value: 'to', label: 'to a size' },
      ],
    },
    ...(values['how'] === 'to'
      ? [
          {
            kind: 'text',
            key: 'size',
            label: 'How large the disk is to be',
            width: 'half',
            placeholder: '20G',
            problem: (value: string) => sizeProblem(value, subject),
          } as const,
        ]
      : []),
    partitionField(subject, {
      label: 'What becomes smaller',
      usual: 'the last partition',
      none: 'nothing in it: what is free behind goes',
    }),
    ...volumeField(subject, values),
    ...wayField(subject, values),
    // By files, all contents are compared.
    ...(values['partition'] === 'none' || isByFiles(subject, values) ? [] : [contentsField(subject)]),
  ],
  change(values, change, subject) {
    const next = { ...values, ...change }
    return change['how'] === 'to' && next['size'] === '' ? { ...next, size: smallerThan(subject) } : next
  },
  request: (subject, values) => ({
    image: nameOf(subject),
    to: values['how'] === 'to' ? (parseBytes(values['size'] ?? '') ?? 0) : null,
    partition: partitionOf(values),
    volume: volumeIn(subject, values),
    byFiles: isByFiles(subject, values),
    allContents: values['contents'] === 'all',
  }),
  unfit: (subject) => notResized(subject) ?? notCut(subject),
}

const gib = 2 ** 30

const ways = {
  inPlace: { value: 'in-place', label: 'it is made smaller where it is' },
  files: { value: 'files', label: 'a new, smaller one gets its files' },
} as const

/** In which ways the filesystem that is chosen can become smaller, the usual one first. */
function waysOf(
  subject: Subject,
  values: Values,
): readonly { readonly value: string; readonly label: string }[] {
  const guest = guestOf(subject)
  const partition = partitionOf(values)
  if (guest === null || partition === 'none' || !isOnLinux(subject)) return []
  const targets = targetsOf(guest)
  const target =
    partition === null ? targets.at(-1) : targets.find((one) => one.partition?.index === partition)
  const types = target ? typesIn(guest, target, volumeIn(subject, values)) : []
  if (!types.some(isMade)) return []
  return types.some((type) => isShrunk(type) && type !== 'swap') ? [ways.inPlace, ways.files] : [ways.files]
}

/** The filesystems in it, itself or in its logical volumes; in the one that is named. */
function typesIn(
  { filesystems }: GuestContents,
  { filesystem, volume }: ResizeTarget,
  named: { readonly name: string } | null,
): readonly string[] {
  if (filesystem !== null) return [filesystem.type]
  if (volume?.type !== 'lvm2') return []
  const starts = volume.members
    .filter(({ name }) => named === null || name === named.name)
    .map(({ segments }) => segments[0]?.start)
  return filesystems.filter(({ start }) => starts.includes(start)).map(({ type }) => type)
}

function wayField(subject: Subject, values: Values): readonly Field[] {
  const options = waysOf(subject, values)
  return options.length === 0
    ? []
    : [{ kind: 'choice', key: 'way', label: 'Its filesystem', width: 'half', options }]
}

function isByFiles(subject: Subject, values: Values): boolean {
  const options = waysOf(subject, values)
  const chosen = options.find(({ value }) => value === values['way']) ?? options[0]
  return chosen?.value === ways.files.value
}

function isShrunk(type: string): boolean {
  return isResized(type) && resizedKind(type).shrink !== null
}

/** Three quarters, in whole GiB where it has some. */
function smallerThan({ row }: Subject): string {
  const size = (row?.virtualSize ?? 0) * 0.75
  return size >= gib ? `${Math.floor(size / gib)}G` : `${Math.floor(size / 2 ** 20)}M`
}

function sizeProblem(text: string, { row }: Subject): string | null {
  const size = parseBytes(text.trim())
  if (size === null) return 'A size is needed, such as 20G.'
  const before = row?.virtualSize ?? null
  if (before === null || size < before) return null
  return `It has ${formatBytes(before)} now: Grow makes it larger.`
}

/** Why nothing of it can be cut off, as far as its report says; null: something may be. */
function notCut(subject: Subject): string | null {
  const { report, row } = subject
  if (report === null) return null
  const guest = guestOf(subject)
  if (guest === null) return 'It was not seen what is in it'
  if (smallestCut(guest) < (row?.virtualSize ?? 0)) return null
  const last = targetsOf(guest).at(-1)
  if (last?.volume?.type === 'lvm2') return null
  if (last?.volume?.type === 'luks1' || last?.volume?.type === 'luks2')
    return 'It ends with LUKS, whose passphrase goes over no network: use the command on its host'
  if (last?.volume)
    return `It ends with ${volumeName(last.volume.type)}, which is made smaller inside its guest first`
  const type = last?.filesystem?.type
  if (type !== undefined && type !== 'ntfs' && !isOnLinux(subject))
    return `It ends with ${filesystemName(type)}, which is made smaller on Linux, or inside its guest`
  if (type === undefined) return 'No filesystem was found at its end that could become smaller'
  if (isShrunk(type) || isMade(type)) return null
  return `It ends with ${filesystemName(type)}, which cannot be made smaller`
}
