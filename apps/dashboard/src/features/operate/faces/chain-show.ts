import type { Face } from '../face.ts'
import { nameOf } from '../face-parts.ts'

export const chainShowFace: Face = {
  operation: 'chain-show',
  verb: 'Show the chain',
  verbOf: 'Show the chain of',
  about: 'Looks what it is made over, and what in the folders around is made over it.',
  effect: 'reads',
  keywords: 'backing parent children overlay tree dependents',
  ready: 'It is only read.',
  of: 'image',
  isForMany: false,
  defaults: () => ({}),
  fields: () => [],
  request: (subject) => ({ image: nameOf(subject), folders: [] }),
  unfit: () => null,
}
