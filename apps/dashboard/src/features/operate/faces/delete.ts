import type { DeleteRequest } from '@varve/operations/delete/request'
import type { Face } from '../face.ts'
import { dependents, nameOf } from '../face-parts.ts'

export const deleteFace: Face = {
  operation: 'delete',
  verb: 'Delete',
  about: 'Puts it into the quarantine of its folder, from which it can be restored.',
  effect: 'removes',
  keywords: 'remove trash quarantine',
  ready: 'It is kept in quarantine: undo brings it back.',
  of: 'image',
  isForMany: true,
  defaults: () => ({}),
  fields: () => [],
  request: (subject): DeleteRequest => ({ image: nameOf(subject) }),
  unfit: dependents,
}
