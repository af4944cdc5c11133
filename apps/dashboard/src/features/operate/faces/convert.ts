import { renamed } from '../../../plans/target-formats.ts'
import type { Face, Field, Subject, Values } from '../face.ts'
import {
  address,
  besides,
  compressionOf,
  fileOf,
  formatFields,
  formatOf,
  nameField,
  nameOf,
  subformatOf,
  unreadable,
  withFormat,
} from '../face-parts.ts'

export const convertFace: Face = {
  operation: 'convert',
  verb: 'Convert',
  about: 'Writes the same disk as a new image of another format, beside it.',
  effect: 'makes',
  keywords: 'format compress export qcow2 vmdk vhdx raw',
  ready: 'The source is only read. What is written is proven before it gets its name.',
  of: 'image',
  isForMany: true,
  ownKeys: ['name'],
  defaults: (subject) => {
    const format = subject.row?.format === 'qcow2' ? 'raw' : 'qcow2'
    return {
      name: renamed(fileOf(subject), format),
      format,
      subformat: '',
      compression: 'none',
      snapshots: 'ask',
    }
  },
  fields: (subject, values) => [
    ...formatFields(values),
    nameField('name', 'Name of the new image'),
    ...snapshotField(subject),
  ],
  change: changeCopy,
  request(subject, values) {
    const format = formatOf(values['format'])
    const name = values['name'] ?? fileOf(subject)
    return {
      sources: [address(nameOf(subject))],
      // Of many images each has the name that its own format gives it.
      target: besides(subject, renamed(name, format)),
      format,
      subformat: subformatOf(values),
      compression: compressionOf(values['compression']),
      snapshots: snapshotsOf(values),
    }
  },
  unfit: unreadable,
}

/** What becomes of internal snapshots, where there are some. */
export function snapshotField({ report }: Subject): readonly Field[] {
  if (!report || report.snapshots.length === 0) return []
  return [
    {
      kind: 'choice',
      key: 'snapshots',
      label: 'Its internal snapshots',
      width: 'half',
      options: [
        { value: 'ask', label: 'Choose…' },
        { value: 'drop', label: 'are left out' },
        { value: 'extract', label: 'become an image each' },
      ],
    },
  ]
}

export function snapshotsOf({ snapshots }: Values): 'ask' | 'drop' | 'extract' {
  return snapshots === 'drop' || snapshots === 'extract' ? snapshots : 'ask'
}

function changeCopy(values: Values, change: Values): Values {
  return change['format'] === undefined ? { ...values, ...change } : withFormat(values, change['format'])
}
