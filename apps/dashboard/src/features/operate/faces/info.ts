import type { Face } from '../face.ts'
import { address, nameOf } from '../face-parts.ts'

export const infoFace: Face = {
  operation: 'info',
  verb: 'Examine',
  about: 'Says what it is, layer by layer, also where it is damaged.',
  effect: 'reads',
  keywords: 'info inspect details layers',
  ready: 'It is only read.',
  of: 'image',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: address(nameOf(subject)) }),
  unfit: () => null,
}
