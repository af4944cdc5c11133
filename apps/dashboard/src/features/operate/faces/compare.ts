import type { Face } from '../face.ts'
import { address, nameOf, unreadable } from '../face-parts.ts'
import { parentProblem } from './chain-repoint.ts'

export const compareFace: Face = {
  operation: 'compare',
  verb: 'Compare',
  about: 'Says whether another image holds the same disk, byte by byte.',
  effect: 'reads',
  keywords: 'diff equal same identical',
  ready: 'Both are only read.',
  of: 'image',
  isForMany: false,
  defaults: () => ({ other: '' }),
  fields: () => [
    {
      kind: 'text',
      key: 'other',
      label: 'Name of the other in the library, or its path',
      width: 'whole',
      placeholder: 'web01-clone.qcow2',
      problem: parentProblem,
    },
  ],
  request: (subject, { other = '' }) => ({ a: address(nameOf(subject)), b: address(other.trim()) }),
  unfit: unreadable,
}
