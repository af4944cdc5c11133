import type { Face } from '../face.ts'
import { address, nameOf, unreadable } from '../face-parts.ts'

export const mapFace: Face = {
  operation: 'map',
  verb: 'Map',
  about: 'Says which ranges of the disk are data, zero or absent; no data is read.',
  effect: 'reads',
  keywords: 'extents allocation ranges holes',
  ready: 'It is only read.',
  of: 'image',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: address(nameOf(subject)) }),
  unfit: unreadable,
}
