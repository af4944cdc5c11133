import type { Face } from '../face.ts'
import { dependents, nameOf } from '../face-parts.ts'
import { noParent } from './chain-repoint.ts'

export const chainFlattenFace: Face = {
  operation: 'chain-flatten',
  verb: 'Flatten',
  about: 'Takes in what its parents hold, so that it stands alone.',
  effect: 'changes',
  keywords: 'chain backing merge stand alone',
  ready: 'The original is kept in quarantine: undo brings it back.',
  of: 'image',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: nameOf(subject) }),
  unfit: (subject) => noParent(subject) ?? dependents(subject),
}
