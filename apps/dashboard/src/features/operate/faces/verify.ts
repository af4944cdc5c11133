import type { Face } from '../face.ts'
import { address, nameOf, unreadable } from '../face-parts.ts'

export const verifyFace: Face = {
  operation: 'verify',
  verb: 'Verify',
  about: 'Proves that it still holds what its kept manifest says, and names what changed.',
  effect: 'reads',
  keywords: 'prove proof manifest rot corruption',
  ready: 'The image is only read.',
  of: 'image',
  isForMany: true,
  defaults: () => ({ keep: 'no' }),
  fields: () => [
    {
      kind: 'choice',
      key: 'keep',
      label: 'What it holds now',
      width: 'whole',
      options: [
        { value: 'no', label: 'is compared with the manifest that is kept of it' },
        { value: 'yes', label: 'is kept as the new manifest' },
      ],
    },
  ],
  request: (subject, { keep }) => ({ image: address(nameOf(subject)), keep: keep === 'yes' }),
  unfit: unreadable,
}
