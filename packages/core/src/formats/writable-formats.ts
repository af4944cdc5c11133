import { DiskError } from '../problems/disk-error.ts'
import type { WriterFormat } from '../image/disk-writer.ts'
import { formatRules } from '../image/format-rules.ts'

/** The names of choices as a command line has them. */
export const choiceNames = [
  'extended_l2',
  'preallocation',
  'logical_sector_size',
  'cpus',
  'memory',
  'firmware',
  'architecture',
  'guest',
] as const
export type ChoiceName = (typeof choiceNames)[number]

/** The values of a choice: some words, the usual one first, or a number from `least` to `most`. */
export type ChoiceValues = readonly string[] | NumberRange
export interface NumberRange {
  /** `size`: with `M`, `G` or `T` behind it, in bytes. */
  readonly kind: 'count' | 'size'
  readonly least: number
  readonly most: number
}

/** Sizes of disks that a writer takes, in bytes; see `sizeFault`. */
export interface WritableSizes {
  /** A size is a whole number of these. */
  readonly sector: number
  readonly least: number
  /** Null: what a number holds. */
  readonly most: number | null
  /** Why there is an end, with the number. */
  readonly why: string
  /** Kinds with other ends. */
  readonly kinds?: { readonly [Subformat in string]?: Partial<Pick<WritableSizes, 'least' | 'most' | 'why'>> }
}

interface WritableRules {
  /** Its writer, loaded when it is needed: threads and pages start faster with less code. */
  readonly writer: () => Promise<WriterFormat>
  readonly sizes: WritableSizes
  /** The kinds that can be written, the usual one first; none: there is one kind. */
  readonly subformats: readonly string[]
  readonly compressions: readonly ('zlib' | 'zstd')[]
  /** Those of the kinds that are several files. */
  readonly splitSubformats?: readonly string[]
  /** Those of the kinds that are a folder: the name is the folder's, and this file of it is the image. */
  readonly bundleSubformats?: { readonly [Subformat in string]?: string }
  /** The ending of the name of such a folder; not there: the first of `endings`. */
  readonly bundleEnding?: string
  /** Endings of file names that mean this format, the usual one first. */
  readonly endings: readonly string[]
  /** Further choices, each with its values. */
  readonly options?: { readonly [Name in ChoiceName]?: ChoiceValues }
  /** How it is written as an overlay of an image below it; not there: it is not. */
  readonly overlay?: OverlayRules
}

/** What is demanded of a new overlay and of its parent; see `overlayFault`. */
export interface OverlayRules {
  /** The kinds that may be overlays; none: there is one kind. */
  readonly kinds: readonly string[]
  /** Whether its parent is an image of the same format, which then says how it is known. */
  readonly needsSameFormat: boolean
  /** Whether its disk is as large as that of its parent. */
  readonly needsSameSize: boolean
}

const MiB = 1024 ** 2
const TiB = 1024 ** 4

/** Parts of a split VMDK: their size, and as many as their names can be numbered. */
export const splitParts = { size: 2044 * MiB, most: 999 } as const

const splitKind = {
  most: splitParts.most * splitParts.size,
  why: `a split disk has at most ${splitParts.most} parts of 2,044 MiB`,
}

const vmdkSizes = {
  sector: 512,
  least: 512,
  most: formatRules.vmdk.maxVirtualSize,
  why: 'a VMDK has at most 62 TiB',
  kinds: { twoGbMaxExtentSparse: splitKind, twoGbMaxExtentFlat: splitKind },
}

const machineOptions = {
  cpus: { kind: 'count', least: 1, most: 1024 },
  memory: { kind: 'size', least: 4 * 1024 ** 2, most: 64 * 1024 ** 4 },
  firmware: ['bios', 'efi'],
} as const

const macMachineOptions = {
  ...machineOptions,
  architecture: ['x86_64', 'aarch64'],
  guest: ['linux', 'windows'],
} as const

/** The map of a larger disk would not fit into the memory that a conversion may take. */
const mostOfMap = 16 * TiB

const everyPreallocation = ['off', 'metadata', 'falloc', 'full']

/** The formats that Varve writes; a new one is its folder and one entry here. */
export const writableRules = {
  qcow2: {
    writer: async () => (await import('./qcow2/writer.ts')).qcow2Writer,
    sizes: {
      sector: 512,
      least: 0,
      most: 1024 * TiB,
      why: 'of a larger disk its tables would be longer than QEMU reads',
    },
    subformats: [],
    compressions: ['zlib', 'zstd'],
    endings: ['.qcow2'],
    options: { extended_l2: ['off', 'on'], preallocation: everyPreallocation },
    overlay: { kinds: [], needsSameFormat: false, needsSameSize: false },
  },
  ova: {
    writer: async () => (await import('./ova/writer.ts')).ovaWriter,
    sizes: vmdkSizes,
    subformats: ['streamOptimized'],
    compressions: [],
    endings: ['.ova'],
    options: {
      ...machineOptions,
    },
  },
  parallels: {
    writer: async () => (await import('./parallels/writer.ts')).parallelsWriter,
    sizes: {
      sector: 512,
      least: 0,
      most: mostOfMap,
      why: 'Varve writes Parallels images up to 16 TiB',
      kinds: { bundle: { least: 512 } },
    },
    subformats: ['expanding', 'bundle'],
    bundleSubformats: { bundle: 'DiskDescriptor.xml' },
    bundleEnding: '.hdd',
    compressions: [],
    endings: ['.hds'],
  },
  pvm: {
    writer: async () => (await import('./pvm/writer.ts')).pvmWriter,
    sizes: {
      sector: 512,
      least: 512,
      most: mostOfMap,
      why: 'Varve writes Parallels images up to 16 TiB',
    },
    subformats: ['bundle'],
    bundleSubformats: { bundle: 'config.pvs' },
    compressions: [],
    endings: ['.pvm'],
    options: macMachineOptions,
  },
  raw: {
    writer: async () => (await import('./raw/writer.ts')).rawWriter,
    sizes: { sector: 1, least: 0, most: null, why: '' },
    subformats: [],
    compressions: [],
    endings: ['.raw', '.img', '.dd'],
    options: { preallocation: ['off', 'falloc', 'full'] },
  },
  utm: {
    writer: async () => (await import('./utm/writer.ts')).utmWriter,
    sizes: {
      sector: 512,
      least: 0,
      most: 1024 * TiB,
      why: 'of a larger disk its tables would be longer than QEMU reads',
    },
    subformats: ['qemu', 'apple'],
    bundleSubformats: { qemu: 'config.plist', apple: 'config.plist' },
    compressions: [],
    endings: ['.utm'],
    options: macMachineOptions,
  },
  vdi: {
    writer: async () => (await import('./vdi/writer.ts')).vdiWriter,
    sizes: { sector: 512, least: 0, most: mostOfMap, why: 'Varve writes VDI up to 16 TiB' },
    subformats: ['dynamic', 'fixed'],
    compressions: [],
    endings: ['.vdi'],
    overlay: { kinds: ['dynamic'], needsSameFormat: true, needsSameSize: true },
  },
  vhd: {
    writer: async () => (await import('./vhd/writer.ts')).vhdWriter,
    sizes: {
      sector: 512,
      least: 0,
      most: formatRules.vhd.maxVirtualSize,
      why: 'a VHD has at most 2,040 GiB',
    },
    subformats: ['dynamic', 'fixed'],
    compressions: [],
    endings: ['.vhd'],
    overlay: { kinds: ['dynamic'], needsSameFormat: true, needsSameSize: true },
  },
  vhdx: {
    writer: async () => (await import('./vhdx/writer.ts')).vhdxWriter,
    sizes: { sector: 512, least: 0, most: formatRules.vhdx.maxVirtualSize, why: 'a VHDX has at most 64 TiB' },
    subformats: ['dynamic', 'fixed'],
    compressions: [],
    endings: ['.vhdx'],
    options: { logical_sector_size: ['512', '4096'] },
    overlay: { kinds: ['dynamic'], needsSameFormat: true, needsSameSize: false },
  },
  vmdk: {
    writer: async () => (await import('./vmdk/writer.ts')).vmdkWriter,
    sizes: vmdkSizes,
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
    overlay: { kinds: ['monolithicSparse'], needsSameFormat: true, needsSameSize: true },
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

/** The format of an overlay of such an image: its own where that has overlays, qcow2 over raw; null: none is written. */
export function overlayFormatOf(format: string): WritableFormat | null {
  if (format === 'raw') return 'qcow2'
  return isWritable(format) && rulesOf(format).overlay ? format : null
}

/** `vhd fixed`; the format alone for its usual kind. */
export function nameOfKind(format: string, subformat: string | null): string {
  return subformat === null ? format : `${format} ${subformat}`
}

/** Whether images of this kind are several files. */
export function isSplit(format: WritableFormat, subformat: string | null | undefined): boolean {
  return typeof subformat === 'string' && (rulesOf(format).splitSubformats ?? []).includes(subformat)
}

/** The file that is the image, where images of this kind are folders; else null. */
export function bundleFile(format: WritableFormat, subformat: string | null | undefined): string | null {
  const { bundleSubformats, subformats } = rulesOf(format)
  return bundleSubformats?.[subformat ?? subformats[0] ?? ''] ?? null
}

/** Why an image cannot be written in `format`: it is read only, or nobody knows it. */
export function notWritten(format: string, file: string): DiskError {
  return new DiskError('format-not-written', { file, format, written: writableFormats })
}
