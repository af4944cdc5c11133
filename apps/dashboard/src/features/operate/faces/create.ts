import { parseBytes } from '@varve/core/binary/parse-bytes'
import type { Face } from '../face.ts'
import {
  formatFields,
  formatOf,
  libraryOptions,
  pathProblem,
  subformatOf,
  withFormat,
} from '../face-parts.ts'

export const createFace: Face = {
  operation: 'create',
  verb: 'Create an image',
  about: 'Makes a new image of an empty disk.',
  effect: 'makes',
  keywords: 'new blank disk empty',
  ready: 'It gets its name once it is written and proven.',
  of: 'place',
  isForMany: false,
  defaults: (subject) => ({
    library: subject.library ?? libraryOptions(subject)[0]?.value ?? '',
    target: 'new.qcow2',
    size: '20G',
    format: 'qcow2',
    subformat: '',
    compression: 'none',
  }),
  fields: (subject, values) => [
    { kind: 'choice', key: 'library', label: 'Library', width: 'half', options: libraryOptions(subject) },
    { kind: 'text', key: 'target', label: 'Name in the library', width: 'half', problem: pathProblem },
    {
      kind: 'text',
      key: 'size',
      label: 'Size of the disk',
      width: 'half',
      placeholder: '40G',
      problem: sizeProblem,
    },
    ...formatFields(values).filter(({ key }) => key !== 'compression'),
  ],
  change(values, change) {
    const { format } = change
    if (format === undefined) return { ...values, ...change }
    const { name, ...rest } = withFormat({ ...values, name: values['target'] ?? '' }, format)
    return { ...rest, target: name ?? '' }
  },
  request: (_, values) => ({
    target: (values['target'] ?? '').trim(),
    size: parseBytes(values['size'] ?? ''),
    format: formatOf(values['format']),
    subformat: subformatOf(values),
  }),
  unfit: ({ hostView }) =>
    hostView && !hostView.libraries.some(({ writable }) => writable)
      ? 'It has no library that can be written to'
      : null,
}

function sizeProblem(value: string): string | null {
  return parseBytes(value) === null ? 'A size is needed, such as 40G, 512M or 1.5T.' : null
}
