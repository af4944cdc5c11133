import type { Face } from '../face.ts'
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
  defaults: () => ({ what: 'all' }),
  fields: () => [
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
  ],
  request: (subject, { what }) => ({ image: nameOf(subject), zerosOnly: what === 'zeros' }),
  unfit: (subject) => notWritten(subject) ?? dependents(subject),
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
