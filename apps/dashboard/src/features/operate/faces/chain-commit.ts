import type { Face } from '../face.ts'
import { dependents, nameOf } from '../face-parts.ts'
import { noParent } from './chain-repoint.ts'

export const chainCommitFace: Face = {
  operation: 'chain-commit',
  verb: 'Commit',
  about: 'Writes what it holds into its parent, which then holds the same disk.',
  effect: 'changes',
  keywords: 'chain backing merge parent',
  ready: 'The originals are kept in quarantine: undo brings them back.',
  of: 'image',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: nameOf(subject) }),
  unfit: (subject) => noParent(subject) ?? dependents(subject),
}
