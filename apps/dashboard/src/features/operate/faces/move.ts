import type { Face } from '../face.ts'
import { nameOf, pathProblem } from '../face-parts.ts'

export const moveFace: Face = {
  operation: 'move',
  verb: 'Move or rename',
  about: 'Gives it another name or folder; what is made over it is repointed.',
  effect: 'changes',
  keywords: 'rename folder',
  ready: 'Undo gives it its old name back.',
  of: 'image',
  isForMany: false,
  defaults: () => ({ target: '' }),
  fields: (subject) => [
    {
      kind: 'text',
      key: 'target',
      label: 'New name in the library, folders and all',
      width: 'whole',
      problem: (value) =>
        pathProblem(value) ?? (value.trim() === nameOf(subject) ? 'Another name is needed.' : null),
    },
  ],
  request: (subject, { target = '' }) => ({ source: nameOf(subject), target: target.trim() }),
  unfit: () => null,
}
