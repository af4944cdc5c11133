import type { Face } from '../face.ts'
import { address, besides, fileOf, nameField, nameOf } from '../face-parts.ts'

/** Formats whose tables are repaired. */
const repaired = ['qcow2', 'vhd', 'vhdx', 'vdi', 'parallels', 'qed']

export const repairFace: Face = {
  operation: 'repair',
  verb: 'Repair',
  about: 'Mends the tables of the image, or says that nothing is wrong with them.',
  effect: 'changes',
  keywords: 'check fix leaks corrupt refcount',
  ready: 'What is overwritten is kept: undo puts it back.',
  of: 'image',
  isForMany: true,
  ownKeys: ['backup'],
  defaults: (subject) => ({ by: 'varve', what: 'leaks', backup: `${fileOf(subject)}.undo` }),
  fields: (_, { by }) => [
    {
      kind: 'choice',
      key: 'by',
      label: 'By',
      width: 'half',
      options: [
        { value: 'varve', label: 'Varve: in place, behind an undo file' },
        { value: 'qemu-img', label: 'qemu-img: on a copy that takes its place' },
      ],
    },
    ...(by === 'qemu-img'
      ? [
          {
            kind: 'choice',
            key: 'what',
            label: 'What',
            width: 'half',
            options: [
              { value: 'leaks', label: 'leaked clusters' },
              { value: 'all', label: 'all that it can' },
            ],
          } as const,
        ]
      : [nameField('backup', 'The undo file, beside it')]),
  ],
  request: (subject, { by, what, backup = '' }) => ({
    image: address(nameOf(subject)),
    by: by === 'qemu-img' ? 'qemu-img' : 'varve',
    backup: by === 'qemu-img' ? null : besides(subject, backup),
    what: what === 'all' ? 'all' : 'leaks',
  }),
  unfit: ({ row }) =>
    row && !repaired.includes(row.format) ? `A ${row.format} image has no tables to repair` : null,
}
