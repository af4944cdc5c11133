import { formatBytes } from '@varve/core/units/format-bytes'
import { parseBytes } from '@varve/core/units/parse-bytes'
import type { Face, Field, Subject, Values } from '../face.ts'
import { nameOf } from '../face-parts.ts'
import { contentsField, guestOf, notResized, partitionField, partitionOf } from './resize.ts'

export const growFace: Face = {
  operation: 'grow',
  verb: 'Grow',
  about: 'Makes its disk larger, with the partition and the filesystem that get the room.',
  effect: 'changes',
  keywords: 'resize larger extend expand partition filesystem lvm disk size',
  ready: 'It is done on a hidden copy and proven. The original is kept in quarantine: undo brings it back.',
  of: 'image',
  isForMany: false,
  defaults: (subject) => ({ size: largerThan(subject), partition: '', volume: '', contents: 'sample' }),
  fields: (subject, values) => [
    {
      kind: 'text',
      key: 'size',
      label: 'How large the disk is to be',
      width: 'half',
      placeholder: '40G, or +10G for so much more',
      problem: (value) => sizeProblem(value, subject),
    },
    partitionField(subject, {
      label: 'What gets the room',
      usual: 'the partition that has room behind it',
      none: 'nothing in it: the disk only',
    }),
    ...volumeField(subject, values),
    ...(values['partition'] === 'none' ? [] : [contentsField]),
  ],
  request: (subject, values) => ({
    image: nameOf(subject),
    ...(sizeOf(values['size'] ?? '') ?? { size: 0, isAdded: false }),
    partition: partitionOf(values),
    volume: volumeField(subject, values).length === 0 ? null : volumeOf(values),
    allContents: values['contents'] === 'all',
  }),
  unfit: notResized,
}

const gib = 2 ** 30

/** A quarter more, in whole GiB. */
function largerThan({ row }: Subject): string {
  const size = row?.virtualSize ?? 0
  return size === 0 ? '' : `${Math.ceil((size * 1.25) / gib)}G`
}

/** As it is to be, or, with a plus before it, what comes on top. */
function sizeOf(text: string): { readonly size: number; readonly isAdded: boolean } | null {
  const isAdded = text.trim().startsWith('+')
  const size = parseBytes(text.trim().replace(/^\+/u, ''))
  return size === null ? null : { size, isAdded }
}

function sizeProblem(text: string, { row }: Subject): string | null {
  const asked = sizeOf(text)
  if (asked === null) return 'A size is needed, such as 40G, or +10G for so much more.'
  const before = row?.virtualSize ?? null
  if (before === null || asked.isAdded || asked.size >= before) return null
  return `It has ${formatBytes(before)} now: Shrink makes it smaller.`
}

/** The logical volumes of what gets the room, where there are several. */
function volumeField(subject: Subject, values: Values): readonly Field[] {
  const chosen = partitionOf(values)
  const guest = guestOf(subject)
  if (guest === null || chosen === 'none') return []
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

function volumeOf({ volume = '' }: Values): { readonly group: string; readonly name: string } | null {
  const [group, name] = volume.split('/')
  return group && name ? { group, name } : null
}
