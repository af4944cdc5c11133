import type { Face } from '../face.ts'
import {
  address,
  compressionOf,
  formatFields,
  formatOf,
  nameOf,
  subformatOf,
  unreadable,
  withFormat,
} from '../face-parts.ts'

export const measureFace: Face = {
  operation: 'measure',
  verb: 'Measure',
  about: 'Says how large it can become in another format; no data is read.',
  effect: 'reads',
  keywords: 'size estimate required',
  ready: 'It is only read.',
  of: 'image',
  isForMany: true,
  defaults: () => ({ format: 'qcow2', subformat: '', compression: 'none' }),
  fields: (_, values) => formatFields(values),
  change: (values, change) =>
    change['format'] === undefined ? { ...values, ...change } : withFormat(values, change['format']),
  request: (subject, values) => ({
    image: address(nameOf(subject)),
    format: formatOf(values['format']),
    subformat: subformatOf(values),
    compression: compressionOf(values['compression']),
  }),
  unfit: unreadable,
}
