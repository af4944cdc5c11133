import type { PurgeRequest } from '@varve/operations/purge/request'
import type { Face } from '../face.ts'

export const purgeFace: Face = {
  operation: 'purge',
  verb: 'Remove for good',
  about: 'Removes what lies in quarantine and gives its space back.',
  effect: 'removes',
  keywords: 'purge quarantine space',
  ready: 'Nothing brings it back after this.',
  of: 'leftover',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: ({ quarantine = '' }): PurgeRequest => ({ id: quarantine, folders: [] }),
  unfit: ({ quarantine }) => (quarantine === undefined ? 'It is not in quarantine' : null),
}
