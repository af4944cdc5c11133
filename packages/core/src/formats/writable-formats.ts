import { DiskError } from '../problems/disk-error.ts'
import type { ChoiceName, ChoiceValues } from './write-choices.ts'

interface WritableRules {
  /** The kinds that can be written, the usual one first; none: there is one kind. */
  readonly subformats: readonly string[]
  readonly compressions: readonly ('zlib' | 'zstd')[]
  /** Those of the kinds that are several files. */
  readonly splitSubformats?: readonly string[]
  /** Those of the kinds that are a folder: the name is the folder's, and this file of it is the image. */
  readonly bundleSubformats?: { readonly [Subformat in string]?: string }
  /** Endings of file names that mean this format, the usual one first. */
  readonly endings: readonly string[]
  /** Further choices, each with its values. */
  readonly options?: { readonly [Name in ChoiceName]?: ChoiceValues }
  /** Whether it is written as an overlay over a backing file. */
  readonly overlay?: true
}

const everyPreallocation = ['off', 'metadata', 'falloc', 'full']

/** The formats that Varve writes; a new one is its `writer.ts`, a line here and one in the engine's table of writers. */
export const writableRules = {
  qcow2: {
    subformats: [],
    compressions: ['zlib', 'zstd'],
    endings: ['.qcow2'],
    options: { extended_l2: ['off', 'on'], preallocation: everyPreallocation },
    overlay: true,
  },
  ova: {
    subformats: ['streamOptimized'],
    compressions: [],
    endings: ['.ova'],
    options: {
      cpus: { kind: 'count', least: 1, most: 1024 },
      memory: { kind: 'size', least: 4 * 1024 ** 2, most: 64 * 1024 ** 4 },
      firmware: ['bios', 'efi'],
    },
  },
  parallels: {
    subformats: ['expanding', 'bundle'],
    bundleSubformats: { bundle: 'DiskDescriptor.xml' },
    compressions: [],
    endings: ['.hds'],
  },
  raw: {
    subformats: [],
    compressions: [],
    endings: ['.raw', '.img', '.dd'],
    options: { preallocation: ['off', 'falloc', 'full'] },
  },
  vdi: { subformats: ['dynamic', 'fixed'], compressions: [], endings: ['.vdi'] },
  vhd: { subformats: ['dynamic', 'fixed'], compressions: [], endings: ['.vhd'] },
  vhdx: {
    subformats: ['dynamic', 'fixed'],
    compressions: [],
    endings: ['.vhdx'],
    options: { logical_sector_size: ['512', '4096'] },
  },
  vmdk: {
    subformats: [
      'monolithicSparse',
      'streamOptimized',
      'monolithicFlat',
      'twoGbMaxExtentSparse',
      'twoGbMaxExtentFlat',
    ],
    splitSubformats: ['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'],
    compressions: [],
    endings: ['.vmdk'],
  },
} as const satisfies Record<string, WritableRules>

export type WritableFormat = keyof typeof writableRules

export const writableFormats = Object.keys(writableRules) as [WritableFormat, ...WritableFormat[]]

export function isWritable(format: string): format is WritableFormat {
  return Object.hasOwn(writableRules, format)
}

/** The format that the ending of a file name means, or null. */
export function formatByEnding(name: string): WritableFormat | null {
  const lower = name.toLowerCase()
  return (
    writableFormats.find((format) => rulesOf(format).endings.some((ending) => lower.endsWith(ending))) ?? null
  )
}

export function rulesOf(format: WritableFormat): WritableRules {
  return writableRules[format]
}

/** `vhd fixed`; the format alone for its usual kind. */
export function nameOfKind(format: string, subformat: string | null): string {
  return subformat === null ? format : `${format} ${subformat}`
}

/** The kinds of `format` that are one file each, the usual one first; none: there is one kind. */
export function singleFileKinds(format: WritableFormat): readonly string[] {
  const { subformats, splitSubformats = [], bundleSubformats = {} } = rulesOf(format)
  return subformats.filter(
    (kind) => !splitSubformats.includes(kind) && !Object.hasOwn(bundleSubformats, kind),
  )
}

/** Why an image cannot be written in `format`: it is read only, or nobody knows it. */
export function notWritten(format: string, file: string): DiskError {
  return new DiskError('format-not-written', { file, format, written: writableFormats })
}
