import { parseBytes } from '@varve/core/units/parse-bytes'
import { rulesOf, type ChoiceValues } from '@varve/core/formats/writable-formats'
import {
  profileKind,
  targetProfileNames,
  targetProfiles,
  type TargetProfile,
  type TargetProfileName,
} from '@varve/core/rules/target-profiles'
import { kindLabels, targetFormats, type TargetFormat } from '../../../plans/target-formats.ts'
import type { Face, Field, Subject, Values } from '../face.ts'
import { formatOf, libraryOptions, pathProblem, subformatOf, withFormat } from '../face-parts.ts'
import { parentProblem } from './chain-repoint.ts'

export const createFace: Face = {
  operation: 'create',
  verb: 'Create an image',
  about: 'Makes a new image: of an empty disk, or as an overlay of another image.',
  effect: 'makes',
  keywords: 'new blank disk empty overlay preallocate',
  ready: 'It gets its name once it is written and proven.',
  of: 'place',
  isForMany: false,
  defaults: (subject) => ({
    library: subject.library ?? libraryOptions(subject)[0]?.value ?? '',
    target: 'new.qcow2',
    size: '20G',
    profile: '',
    format: 'qcow2',
    subformat: '',
    compression: 'none',
    parent: '',
    noCow: 'no',
  }),
  fields: (subject, values) => [
    { kind: 'choice', key: 'library', label: 'Library', width: 'half', options: libraryOptions(subject) },
    { kind: 'text', key: 'target', label: 'Name in the library', width: 'half', problem: pathProblem },
    profileField,
    {
      kind: 'text',
      key: 'size',
      label: isOverlay(values) ? 'Size of the disk, if not its parent’s' : 'Size of the disk',
      width: 'half',
      placeholder: isOverlay(values) ? 'as its parent' : '40G',
      problem: (value) => (isOverlay(values) && value.trim() === '' ? null : sizeProblem(value)),
    },
    ...kindFields(values),
    ...parentField(values),
    ...optionFields(formatOf(values['format'])),
    ...noCowField(subject, values),
  ],
  change: changed,
  request(subject, values) {
    const format = formatOf(values['format'])
    const parent = (values['parent'] ?? '').trim()
    return {
      target: (values['target'] ?? '').trim(),
      size: parseBytes(values['size'] ?? ''),
      format,
      subformat: subformatOf(values),
      options: optionsOf(format, values),
      parent: isOverlay(values) ? { path: parent, format: null } : null,
      profile: profileOf(values['profile']),
      noCow: noCowField(subject, values).length > 0 && values['noCow'] === 'yes',
    }
  },
  unfit: ({ hostView }) =>
    hostView && !hostView.libraries.some(({ writable }) => writable)
      ? 'It has no library that can be written to'
      : null,
}

const profileField: Field = {
  kind: 'choice',
  key: 'profile',
  label: 'For',
  width: 'half',
  options: [
    { value: '', label: 'anything' },
    ...targetProfileNames.map((value) => ({ value, label: targetProfiles[value].label })),
  ],
}

/** Formats and kinds as the format rules have them, or as the target takes them. */
function kindFields(values: Values): readonly Field[] {
  const format = formatOf(values['format'])
  const profile = profileOf(values['profile'])
  const taken: TargetProfile['kinds'] | null = profile === null ? null : targetProfiles[profile].kinds
  const formats = targetFormats.filter(({ value }) => !taken || taken.some((kind) => kind.format === value))
  const kinds = taken
    ? taken.filter((kind) => kind.format === format).map(({ subformat }) => subformat ?? '')
    : rulesOf(format).subformats
  return [
    {
      kind: 'choice',
      key: 'format',
      label: 'Format',
      width: 'half',
      options: formats.map(({ value, label }) => ({ value, label })),
    },
    ...(kinds.length < 2
      ? []
      : [
          {
            kind: 'choice',
            key: 'subformat',
            label: 'Kind',
            width: 'half',
            options: kinds.map((value) => ({
              value,
              label: value === '' ? 'its usual one' : (kindLabels[value] ?? value),
            })),
          } as const,
        ]),
  ]
}

function parentField(values: Values): readonly Field[] {
  const { overlay } = rulesOf(formatOf(values['format']))
  const { subformat = '' } = values
  if (!overlay || (overlay.kinds.length > 0 && subformat !== '' && !overlay.kinds.includes(subformat)))
    return []
  return [
    {
      kind: 'text',
      key: 'parent',
      label: 'Overlay of (a name in the library or a path; empty: of nothing)',
      width: 'whole',
      placeholder: 'base/debian12.qcow2',
      problem: (value) => (value.trim() === '' ? null : parentProblem(value)),
    },
  ]
}

function isOverlay(values: Values): boolean {
  return (values['parent'] ?? '').trim() !== '' && parentField(values).length > 0
}

const optionLabels: Readonly<Record<string, string>> = {
  extended_l2: 'Subclusters',
  preallocation: 'Room taken at once',
  logical_sector_size: 'Logical sectors',
  cpus: 'Processors',
  memory: 'Memory',
  firmware: 'Firmware',
  architecture: 'Architecture of the guest',
  guest: 'System of the guest',
}

/** A field for each further choice of the format. */
function optionFields(format: TargetFormat): readonly Field[] {
  const options: Readonly<Record<string, ChoiceValues | undefined>> = rulesOf(format).options ?? {}
  return Object.entries(options).flatMap(([name, values]): Field[] => {
    if (values === undefined) return []
    const shared = { key: optionKey(name), label: optionLabels[name] ?? name, width: 'half' } as const
    if ('kind' in values)
      return [{ ...shared, kind: 'text', placeholder: values.kind === 'size' ? '4G' : '2' }]
    return [{ ...shared, kind: 'choice', options: values.map((value) => ({ value, label: value })) }]
  })
}

function optionKey(name: string): string {
  return `option ${name}`
}

/** Those that are not the usual ones. */
function optionsOf(format: TargetFormat, values: Values): Record<string, string> {
  const options: Readonly<Record<string, ChoiceValues | undefined>> = rulesOf(format).options ?? {}
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, choices]) => {
      const value = (values[optionKey(name)] ?? '').trim()
      const usual = choices !== undefined && !('kind' in choices) ? choices[0] : ''
      return value === '' || value === usual ? [] : [[name, value]]
    }),
  )
}

function noCowField({ hostView }: Subject, { library }: Values): readonly Field[] {
  const chosen = hostView?.libraries.find(({ name }) => name === library)
  if (chosen?.place.copyOnWrite !== true) return []
  return [
    {
      kind: 'choice',
      key: 'noCow',
      label: 'Its filesystem copies on write',
      width: 'half',
      options: [
        { value: 'no', label: 'as it does' },
        { value: 'yes', label: 'but writes this file in place' },
      ],
    },
  ]
}

function profileOf(value: string | undefined): TargetProfileName | null {
  return targetProfileNames.find((name) => name === value) ?? null
}

function changed(values: Values, change: Values): Values {
  const profile = profileOf(change['profile'])
  const { format } = change
  if (profile !== null) {
    const kind = profileKind(profile, null, null)
    const next = named({ ...values, ...change }, kind.format)
    return { ...next, subformat: kind.subformat ?? '' }
  }
  if (change['parent'] !== undefined && (values['parent'] ?? '') === '')
    return { ...values, ...change, size: '' }
  if (format === undefined) return { ...values, ...change }
  const chosen = profileOf(values['profile'])
  const next = named(values, format)
  if (chosen === null) return next
  return { ...next, subformat: profileKind(chosen, formatOf(format), null).subformat ?? '' }
}

function named(values: Values, format: string): Values {
  const { name, ...rest } = withFormat({ ...values, name: values['target'] ?? '' }, format)
  return { ...rest, target: name ?? '' }
}

function sizeProblem(value: string): string | null {
  return parseBytes(value) === null ? 'A size is needed, such as 40G, 512M or 1.5T.' : null
}
