import type { Face } from '../face.ts'
import { dependents, nameOf } from '../face-parts.ts'
import { noParent, parentProblem } from './chain-repoint.ts'

export const chainRebaseFace: Face = {
  operation: 'chain-rebase',
  verb: 'Rebase',
  about: 'Puts it onto another parent and keeps what the guest sees.',
  effect: 'changes',
  keywords: 'chain backing parent',
  ready: 'The original is kept in quarantine: undo brings it back.',
  of: 'image',
  isForMany: false,
  defaults: () => ({ parent: '' }),
  fields: () => [
    {
      kind: 'text',
      key: 'parent',
      label: 'Name of its new parent in the library, or its path',
      width: 'whole',
      placeholder: 'base/debian12.qcow2',
      problem: parentProblem,
    },
  ],
  request: (subject, { parent = '' }) => ({
    image: nameOf(subject),
    parent: parent.trim(),
    parentFormat: null,
  }),
  unfit: (subject) => noParent(subject) ?? dependents(subject),
}
