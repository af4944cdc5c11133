import type { Face } from '../face.ts'
import { libraryOptions } from '../face-parts.ts'

export const doctorFace: Face = {
  operation: 'doctor',
  verb: 'Diagnose',
  about: 'Looks through a library for what is to be mended, and says what mends it.',
  effect: 'reads',
  keywords: 'doctor orphans missing parents duplicates leftovers',
  ready: 'Everything is only read.',
  of: 'place',
  isForMany: false,
  defaults: (subject) => ({
    library: subject.library ?? libraryOptions(subject)[0]?.value ?? '',
    oldDays: '90',
    digest: 'no',
  }),
  fields: (subject) => [
    { kind: 'choice', key: 'library', label: 'Library', width: 'whole', options: libraryOptions(subject) },
    {
      kind: 'choice',
      key: 'oldDays',
      label: 'What nothing names is told when it is older than',
      width: 'half',
      options: [
        { value: '0', label: 'it does not matter how old' },
        { value: '30', label: '30 days' },
        { value: '90', label: '90 days' },
        { value: '365', label: 'a year' },
      ],
    },
    {
      kind: 'choice',
      key: 'digest',
      label: 'Images that hold the same disk',
      width: 'half',
      options: [
        { value: 'no', label: 'are guessed by their sizes' },
        { value: 'yes', label: 'are found by reading them whole' },
      ],
    },
  ],
  request: ({ hostView }, { library = '', oldDays, digest }) => ({
    folder: hostView?.libraries.find(({ name }) => name === library)?.path ?? library,
    oldDays: Number(oldDays),
    digest: digest === 'yes',
  }),
  unfit: ({ hostView }) => (hostView?.libraries.length === 0 ? 'It has no library' : null),
}
