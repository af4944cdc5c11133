import type { RestoreRequest } from '@varve/operations/restore/request'
import type { Face } from '../face.ts'

export const restoreFace: Face = {
  operation: 'restore',
  verb: 'Restore',
  about: 'Brings it back to where it was, never over another file.',
  effect: 'makes',
  keywords: 'quarantine bring back undelete',
  ready: 'Undo puts it back into quarantine.',
  of: 'leftover',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: ({ quarantine = '' }): RestoreRequest => ({ id: quarantine, folders: [] }),
  unfit: ({ quarantine }) => (quarantine === undefined ? 'It is not in quarantine' : null),
}
