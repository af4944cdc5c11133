import type { Face } from '../face.ts'
import { address, nameOf, unreadable } from '../face-parts.ts'

export const digestFace: Face = {
  operation: 'digest',
  verb: 'Digest',
  about: 'Reads the whole disk and gives the number that proves what it holds.',
  effect: 'reads',
  keywords: 'hash checksum proof blake3 sha256',
  ready: 'It is only read.',
  of: 'image',
  isForMany: true,
  defaults: () => ({ sha256: 'no' }),
  fields: () => [
    {
      kind: 'choice',
      key: 'sha256',
      label: 'Besides Varve’s own digest',
      width: 'half',
      options: [
        { value: 'no', label: 'nothing' },
        { value: 'yes', label: 'the plain SHA-256 of the disk' },
      ],
    },
  ],
  request: (subject, { sha256 }) => ({ image: address(nameOf(subject)), sha256: sha256 === 'yes' }),
  unfit: unreadable,
}
