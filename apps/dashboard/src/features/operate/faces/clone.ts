import type { Face } from '../face.ts'
import { address, besides, fileOf, nameField, nameOf, suffixed, unreadable } from '../face-parts.ts'
import { snapshotField, snapshotsOf } from './convert.ts'

export const cloneFace: Face = {
  operation: 'clone',
  verb: 'Clone',
  about: 'Makes a second image of the same kind beside it, with identities of its own.',
  effect: 'makes',
  keywords: 'copy duplicate reflink',
  ready: 'The source is only read. What is written is proven before it gets its name.',
  of: 'image',
  isForMany: true,
  ownKeys: ['name'],
  defaults: (subject) => ({ name: suffixed(fileOf(subject), '-clone'), snapshots: 'ask' }),
  fields: (subject) => [nameField('name', 'Name of the clone'), ...snapshotField(subject)],
  request: (subject, values) => ({
    source: address(nameOf(subject)),
    target: besides(subject, values['name'] ?? ''),
    snapshots: snapshotsOf(values),
  }),
  unfit: unreadable,
}
