import { filesystemName } from '@varve/core/guest/guest-names'
import { kindOf } from '@varve/operations/mount/filesystems'
import { targetsOf } from '@varve/operations/resize/targets'
import type { Face, Subject, Values } from '../face.ts'
import { address, besides, fileOf, nameOf, pathProblem, unreadable } from '../face-parts.ts'
import { notMadeDisk } from './attach.ts'
import { guestOf } from './resize.ts'

export const mountFace: Face = {
  operation: 'mount',
  verb: 'Mount',
  about: 'Shows the files of one of its filesystems at a folder of its host, read-only.',
  effect: 'reads',
  keywords: 'filesystem folder files browse partition',
  ready: 'Nothing is written to it. Its host’s page unmounts it; so does undo.',
  of: 'image',
  isForMany: false,
  defaults: (subject) => ({ what: '', folder: besides(subject, `${stemOf(fileOf(subject))}-files`) }),
  fields: (subject) => [
    {
      kind: 'choice',
      key: 'what',
      label: 'Filesystem',
      width: 'half',
      options: [{ value: '', label: 'the one that is there' }, ...filesystemsOf(subject)],
    },
    {
      kind: 'text',
      key: 'folder',
      label: 'Empty or new folder in the library',
      width: 'half',
      problem: pathProblem,
    },
  ],
  request: (subject, values) => ({
    image: address(nameOf(subject)),
    inUse: 'refuse',
    isWritten: false,
    ...meantBy(values),
    isLuks: false,
    folder: (values['folder'] ?? '').trim(),
  }),
  unfit: (subject) => notMadeDisk(subject) ?? unreadable(subject),
}

export const umountFace: Face = {
  operation: 'umount',
  verb: 'Unmount',
  about: 'Ends the mount, and takes away what was made for it: overlay, device, folder.',
  effect: 'removes',
  keywords: 'unmount folder filesystem',
  ready: 'What was written to a throw-away overlay is thrown away.',
  of: 'leftover',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: ({ target = '' }) => ({ folder: target }),
  unfit: ({ target }) => (target === undefined ? 'Nothing is mounted there' : null),
}

function stemOf(file: string): string {
  return file.replace(/(?<=.)\.[^.]*$/u, '')
}

/** Those that are mounted, by partition or logical volume. */
function filesystemsOf(subject: Subject): { readonly value: string; readonly label: string }[] {
  const guest = guestOf(subject)
  if (guest === null) return []
  const onPartitions = targetsOf(guest).flatMap(({ partition, filesystem }) =>
    partition === null || filesystem === null || kindOf(filesystem.type) === null
      ? []
      : [
          {
            value: `partition ${partition.index}`,
            label: `${partition.index}: ${filesystemName(filesystem.type)}${filesystem.label === null ? '' : ` ${filesystem.label}`}`,
          },
        ],
  )
  const names = guest.volumes
    .filter(({ type }) => type === 'lvm2')
    .flatMap(({ group, members }) => members.map(({ name }) => `${group ?? ''}/${name}`))
  return [
    ...onPartitions,
    ...[...new Set(names)].map((name) => ({ value: `volume ${name}`, label: `logical volume ${name}` })),
  ]
}

function meantBy({ what = '' }: Values) {
  const [kind, name = ''] = what.split(' ')
  const [group = '', volume = ''] = name.split('/')
  return {
    partition: kind === 'partition' ? Number(name) : null,
    volume: kind === 'volume' ? { group, name: volume } : null,
  }
}
