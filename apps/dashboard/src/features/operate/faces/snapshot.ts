import type { FormatName } from '@varve/core/image/format-rules'
import { overlayFormatOf } from '@varve/core/formats/writable-formats'
import type { Face, Field, Subject, Values } from '../face.ts'
import { nameOf } from '../face-parts.ts'

function canHave(format: FormatName): boolean {
  return format === 'qcow2' || overlayFormatOf(format) !== null
}

/** Whether it may be a disk of a machine of Hyper-V, whose snapshots are checkpoints. */
function mayHaveCheckpoints({ row, hostView }: Subject): boolean {
  return hostView?.os.platform === 'windows' && (row?.format === 'vhd' || row?.format === 'vhdx')
}

const nameOfSnapshot: Field = {
  kind: 'text',
  key: 'name',
  label: 'Name of the snapshot',
  width: 'half',
  placeholder: 'before the upgrade',
  problem: (value) => (value.trim() === '' ? 'A name is needed.' : null),
}

/** Of which kind a checkpoint is, where one is made. */
function kindOfCheckpoint(subject: Subject, { kind }: Values): readonly Field[] {
  if (!mayHaveCheckpoints(subject) || kind === 'external') return []
  return [
    {
      kind: 'choice',
      key: 'checkpoint',
      label: 'Kind of the checkpoint',
      width: 'half',
      options: [
        { value: '', label: 'what its machine is set to' },
        { value: 'production', label: 'production: its guest makes it whole' },
        { value: 'standard', label: 'standard, with its memory' },
      ],
    },
  ]
}

export const snapshotCreateFace: Face = {
  operation: 'snapshot-create',
  verb: 'Snapshot',
  verbOf: 'Take a snapshot of',
  about: 'Keeps the disk as it is now, to go back to.',
  effect: 'changes',
  keywords: 'snapshot create overlay',
  ready: 'Undo takes it away again.',
  of: 'image',
  isForMany: false,
  defaults: (subject) => ({
    name: '',
    checkpoint: '',
    kind: subject.row?.format === 'qcow2' || mayHaveCheckpoints(subject) ? 'internal' : 'external',
  }),
  fields: (subject, values) => [
    nameOfSnapshot,
    {
      kind: 'choice',
      key: 'kind',
      label: 'Where',
      width: 'half',
      options: [
        ...(subject.row?.format === 'qcow2' ? [{ value: 'internal', label: 'inside the image' }] : []),
        ...(mayHaveCheckpoints(subject) ? [{ value: 'internal', label: 'a checkpoint of its machine' }] : []),
        ...(subject.row === null || overlayFormatOf(subject.row.format) !== null
          ? [{ value: 'external', label: 'an overlay beside it' }]
          : []),
      ],
    },
    ...kindOfCheckpoint(subject, values),
  ],
  request: (subject, values) => {
    const { name = '', kind, checkpoint } = values
    const isChosen = checkpoint !== '' && kindOfCheckpoint(subject, values).length > 0
    return {
      image: nameOf(subject),
      name: name.trim(),
      kind: kind === 'external' ? 'external' : 'internal',
      ...(isChosen && { checkpoint }),
    }
  },
  unfit: ({ row }) =>
    row && !canHave(row.format)
      ? `No overlay of a ${row.format} image is written, and it holds no snapshots itself`
      : null,
}

/** The snapshots that the image has, to choose from. */
function choiceOf(subject: Subject): readonly Field[] {
  const { report } = subject
  if (mayHaveCheckpoints(subject)) return [{ ...nameOfSnapshot, label: 'Name of the checkpoint' }]
  return [
    {
      kind: 'choice',
      key: 'name',
      label: 'Snapshot',
      width: 'whole',
      options: (report?.snapshots ?? []).map(({ name, takenAt }) => ({
        value: name,
        label: `${name}, taken ${takenAt.slice(0, 10)}`,
      })),
    },
  ]
}

function withoutSnapshots(subject: Subject): string | null {
  const { report } = subject
  if (mayHaveCheckpoints(subject)) return null
  return report && report.snapshots.length === 0 ? 'It has no internal snapshots' : null
}

const ofSnapshot = {
  effect: 'changes',
  of: 'image',
  isForMany: false,
  defaults: ({ report }: Subject) => ({ name: report?.snapshots[0]?.name ?? '' }),
  fields: choiceOf,
  request: (subject: Subject, { name = '' }: Readonly<Record<string, string>>) => ({
    image: nameOf(subject),
    name,
  }),
  unfit: withoutSnapshots,
} as const

export const snapshotApplyFace: Face = {
  ...ofSnapshot,
  operation: 'snapshot-apply',
  verb: 'Go back to a snapshot',
  verbOf: 'Go back to a snapshot of',
  about: 'Gives the guest the disk that it had when the snapshot was taken.',
  keywords: 'snapshot apply revert restore',
  ready: 'The disk of now is kept: undo brings it back.',
}

export const snapshotDeleteFace: Face = {
  ...ofSnapshot,
  operation: 'snapshot-delete',
  verb: 'Delete a snapshot',
  verbOf: 'Delete a snapshot of',
  about: 'Forgets a snapshot and gives back the space that only it needs.',
  keywords: 'snapshot remove',
  ready: 'The image is protected: undo brings the snapshot back.',
}
