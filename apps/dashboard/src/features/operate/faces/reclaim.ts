import type { Face, Field, Subject } from '../face.ts'
import { address, dependents, nameOf, notWritten, unreadable } from '../face-parts.ts'

export const reclaimFace: Face = {
  operation: 'reclaim',
  verb: 'Reclaim',
  about: 'Gives back what its guest has deleted, and zeros: what is in use stays bit by bit the same.',
  effect: 'changes',
  keywords: 'trim discard sparsify compact free space shrink zeros holes',
  ready: 'The original is kept in quarantine: undo brings it back, and its room is free once it is purged.',
  of: 'image',
  isForMany: true,
  ownKeys: ['how'],
  readyFor: ({ how }) =>
    how === inPlace
      ? 'Windows changes the file itself, and its disk is proven to be the same. Nothing of before is kept.'
      : reclaimFace.ready,
  defaults: () => ({ what: 'all', how: 'anew' }),
  fields: (subject) => [
    {
      kind: 'choice',
      key: 'what',
      label: 'What is given back',
      width: 'whole',
      options: [
        { value: 'all', label: 'free blocks of its filesystems, and zeros' },
        { value: 'zeros', label: 'zeros only' },
      ],
    },
    ...howField(subject),
  ],
  request: (subject, { what, how }) => ({
    image: nameOf(subject),
    zerosOnly: what === 'zeros',
    inPlace: howField(subject).length > 0 && how === inPlace,
  }),
  unfit: (subject) => notWritten(subject) ?? dependents(subject),
}

const inPlace = 'in-place'

/** Windows compacts what it attaches without room for a copy. */
function howField({ row, hostView }: Subject): readonly Field[] {
  if (hostView?.os.platform !== 'windows' || (row?.format !== 'vhd' && row?.format !== 'vhdx')) return []
  return [
    {
      kind: 'choice',
      key: 'how',
      label: 'How',
      width: 'whole',
      options: [
        { value: 'anew', label: 'written anew beside it; the original is kept' },
        { value: inPlace, label: 'by Windows in its place, without room for a copy; there is no way back' },
      ],
    },
  ]
}

export const reclaimReportFace: Face = {
  operation: 'reclaim-report',
  verb: 'Find what is held for nothing',
  verbOf: 'Find what is held for nothing in',
  about: 'Says layer by layer what could be given back, and where discards are lost. Reads all data.',
  effect: 'reads',
  keywords: 'reclaim trim discard free space zeros',
  ready: 'It is only read.',
  of: 'image',
  isForMany: true,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: address(nameOf(subject)) }),
  unfit: unreadable,
}
