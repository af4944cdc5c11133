import { isWritable } from '@varve/core/formats/writable-formats'
import { formatRules } from '@varve/core/image/format-rules'
import {
  compressionLabels,
  compressionsOf,
  kindLabels,
  kindsOf,
  libraryLabel,
  nameProblem,
  renamed,
  targetFormats,
  type TargetFormat,
} from '../../plans/target-formats.ts'
import type { Field, Subject, Values } from './face.ts'

/** The image's name in its library. */
export function nameOf({ row }: Subject): string {
  return row?.name ?? ''
}

/** The last part of the image's name. */
export function fileOf(subject: Subject): string {
  const name = nameOf(subject)
  return name.split('/').at(-1) ?? name
}

/** The name of another file in the folder of the image. */
export function besides(subject: Subject, file: string): string {
  const folder = nameOf(subject).split('/').slice(0, -1)
  return [...folder, file.trim()].join('/')
}

/** `web01.qcow2` with `-clone`: `web01-clone.qcow2`. */
export function suffixed(file: string, suffix: string): string {
  const dot = file.lastIndexOf('.')
  return dot <= 0 ? `${file}${suffix}` : `${file.slice(0, dot)}${suffix}${file.slice(dot)}`
}

/** Why that cannot be a name in a library, folders and all; null: it can. */
export function pathProblem(value: string): string | null {
  const parts = value.trim().split('/')
  return parts.map(nameProblem).find((problem) => problem !== null) ?? null
}

/** A field for the name of a new file. */
export function nameField(key: string, label: string): Field {
  return { kind: 'text', key, label, width: 'half', problem: nameProblem }
}

/** Format, and kind or compression. */
export function formatFields({ format }: Values): readonly Field[] {
  const chosen = formatOf(format)
  const kinds = kindsOf(chosen)
  return [
    {
      kind: 'choice',
      key: 'format',
      label: 'Format',
      width: 'half',
      options: targetFormats.map(({ value, label }) => ({ value, label })),
    },
    kinds.length > 0
      ? {
          kind: 'choice',
          key: 'subformat',
          label: 'Kind',
          width: 'half',
          options: kinds.map((value) => ({ value, label: kindLabels[value] ?? value })),
        }
      : {
          kind: 'choice',
          key: 'compression',
          label: 'Compression',
          width: 'half',
          options: compressionsOf(chosen).map((value) => ({ value, label: compressionLabels[value] })),
        },
  ]
}

/** The values when another format is chosen: its usual kind, no compression, its ending. */
export function withFormat(values: Values, format: string): Values {
  const chosen = formatOf(format)
  const { name } = values
  return {
    ...values,
    format: chosen,
    subformat: kindsOf(chosen)[0] ?? '',
    compression: 'none',
    ...(name === undefined ? {} : { name: renamed(name, chosen) }),
  }
}

export function formatOf(value: string | undefined): TargetFormat {
  return targetFormats.find((format) => format.value === value)?.value ?? 'qcow2'
}

export function compressionOf(value: string | undefined): 'none' | 'zlib' | 'zstd' {
  return value === 'zlib' || value === 'zstd' ? value : 'none'
}

export function subformatOf({ subformat }: Values): string | null {
  return subformat === undefined || subformat === '' ? null : subformat
}

/** Libraries of the host in which files lie. */
export function libraryOptions({ hostView, library }: Subject): { value: string; label: string }[] {
  const libraries = hostView?.libraries ?? []
  if (libraries.length === 0 && library !== null) return [{ value: library, label: library }]
  return libraries
    .filter(({ volumes }) => volumes === undefined)
    .map((each) => ({ value: each.name, label: libraryLabel(each) }))
}

/** Why its disk cannot be read; null: it can. */
export function unreadable({ row }: Subject): string | null {
  return row?.virtualSize === null ? 'Its disk cannot be read' : null
}

/** Why it cannot be written anew in its format; null: it can. */
export function notWritten({ row }: Subject): string | null {
  return row && !isWritable(row.format) ? `Varve does not write ${formatRules[row.format].label}` : null
}

/** Why others forbid that it is changed; null: nobody does. */
export function dependents({ children }: Subject): string | null {
  const [first, ...more] = children
  if (first === undefined) return null
  return `${first}${more.length > 0 ? ` and ${more.length} more` : ''} cannot be read without it`
}

/** An image that is read as it is detected. */
export function address(path: string): {
  readonly path: string
  readonly format: null
  readonly reading: Record<string, never>
} {
  return { path, format: null, reading: {} }
}
