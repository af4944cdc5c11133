import { formatBytes } from '@varve/core/units/format-bytes'
import { parseBytes } from '@varve/core/units/parse-bytes'
import { couldMove } from '@varve/operations/grow/layout'
import { targetsOf } from '@varve/operations/resize/targets'
import type { Face, Field, Subject, Values } from '../face.ts'
import { nameOf } from '../face-parts.ts'
import {
  contentsField,
  guestOf,
  isOnLinux,
  notResized,
  partitionField,
  partitionOf,
  usualPartition,
  volumeField,
  volumeIn,
} from './resize.ts'

export const growFace: Face = {
  operation: 'grow',
  verb: 'Grow',
  about: 'Makes its disk larger, with the partition and the filesystem that get the room.',
  effect: 'changes',
  keywords: 'resize larger extend expand partition filesystem lvm disk size',
  ready: 'It is done on a hidden copy and proven. The original is kept in quarantine: undo brings it back.',
  of: 'image',
  isForMany: false,
  defaults: (subject) => ({
    size: largerThan(subject),
    partition: usualPartition(subject),
    behind: '',
    table: '',
    volume: '',
    contents: 'sample',
  }),
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
    ...behindField(subject, values),
    ...volumeField(subject, values),
    ...tableField(subject),
    ...(values['partition'] === 'none' ? [] : [contentsField(subject)]),
  ],
  request: (subject, values) => ({
    image: nameOf(subject),
    ...(sizeOf(values['size'] ?? '') ?? { size: 0, isAdded: false }),
    partition: partitionOf(values),
    isMoving: behindField(subject, values).length > 0 && values['behind'] === 'move',
    toGpt: tableField(subject).length > 0 && values['table'] === 'gpt',
    volume: volumeIn(subject, values),
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

/** What lies behind what gets the room stays, or makes room. */
function behindField(subject: Subject, values: Values): readonly Field[] {
  const guest = guestOf(subject)
  const chosen = partitionOf(values)
  if (guest === null || typeof chosen !== 'number' || !isOnLinux(subject)) return []
  const target = targetsOf(guest).find(({ partition }) => partition?.index === chosen)
  if (!target || !couldMove(guest, target)) return []
  return [
    {
      kind: 'choice',
      key: 'behind',
      label: 'What lies behind it',
      width: 'half',
      options: [
        { value: '', label: 'stays where it is' },
        { value: 'move', label: 'is moved to the end of the disk' },
      ],
    },
  ]
}

/** Whether an MBR stays one. */
function tableField(subject: Subject): readonly Field[] {
  if (guestOf(subject)?.table.kind !== 'mbr' || !isOnLinux(subject)) return []
  return [
    {
      kind: 'choice',
      key: 'table',
      label: 'Its partition table',
      width: 'half',
      options: [
        { value: '', label: 'stays an MBR' },
        { value: 'gpt', label: 'becomes a GPT, for more than 2 TiB' },
      ],
    },
  ]
}
