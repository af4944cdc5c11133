import { formatRules } from '@varve/core/image/format-rules'
import { rulesOf, writableFormats, type WritableFormat } from '@varve/core/formats/writable-formats'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { HostView, LibraryView } from '@varve/protocol/hosts'

/** Formats that can be written, with the ending that is usual for them. */
export const targetFormats = writableFormats.map((value) => ({
  value,
  label: value === 'raw' || value === 'qcow2' ? value : formatRules[value].label,
  ending: (rulesOf(value).endings[0] ?? '').slice(1),
}))
export type TargetFormat = WritableFormat

export type Compression = 'none' | 'zlib' | 'zstd'

/** Kinds of that format to choose from, the usual one first; none where there is no choice. */
export function kindsOf(format: TargetFormat): readonly string[] {
  const kinds = rulesOf(format).subformats
  return kinds.length > 1 ? kinds : []
}

/** How an image of that format can be compressed; `none` first. */
export function compressionsOf(format: TargetFormat): readonly Compression[] {
  return ['none', ...rulesOf(format).compressions]
}

/** Why `name` cannot be a file name, or null. */
export function nameProblem(name: string): string | null {
  const trimmed = name.trim()
  if (trimmed === '') return 'A name is needed.'
  if (trimmed.startsWith('.')) return 'A name does not start with a dot.'
  if (/[/\\\u0000-\u001F\u007F]/u.test(trimmed))
    return 'A plain file name: no folders, no control characters.'
  return new TextEncoder().encode(trimmed).length > 200 ? 'At most 200 bytes.' : null
}

/** The name with the ending of that format in the place of its own. */
export function renamed(name: string, format: TargetFormat): string {
  const ending = targetFormats.find(({ value }) => value === format)?.ending ?? format
  return `${withoutEnding(name)}.${ending}`
}

/** The name without the ending of a format: as a volume has it. */
export function withoutEnding(name: string): string {
  return name.replace(/\.(?:qcow2?|raw|img|vmdk|vhdx?|vdi|hdd|hds|dmg|qed|iso|utm|pvm)$/iu, '')
}

/** A library to choose: its name, what it is, and the room that it has. */
export function libraryLabel({ name, writable, volumes, place }: LibraryView): string {
  const what = volumes && !volumes.fault ? ' (volumes)' : writable ? '' : ' (read-only)'
  return `${name}${what}${place.free === null ? '' : ` – ${formatBytes(place.free)} free`}`
}

/** The writable library of the host with the most space; empty: it has none. */
export function roomiestLibrary({ libraries }: HostView): string {
  const writable = libraries.filter((library) => library.writable)
  const [first] = (writable.length > 0 ? writable : libraries).toSorted(
    (a, b) => (b.place.free ?? 0) - (a.place.free ?? 0),
  )
  return first?.name ?? ''
}

/** What people know a kind by; where nothing is said, its name does. */
export const kindLabels: Readonly<Record<string, string>> = {
  dynamic: 'dynamic: grows with its data',
  fixed: 'fixed: as large as the disk',
  monolithicSparse: 'monolithicSparse: grows with its data',
  streamOptimized: 'streamOptimized: compressed, to import',
  monolithicFlat: 'monolithicFlat: as large as the disk, in a file of its own',
  twoGbMaxExtentSparse: 'twoGbMaxExtentSparse: files of 2 GB that grow with their data',
  twoGbMaxExtentFlat: 'twoGbMaxExtentFlat: files of 2 GB, as large as the disk',
  bundle: 'bundle: a folder, as Parallels makes it',
}

/** What a compression is good for. */
export const compressionLabels = { none: 'none', zstd: 'zstd: fast', zlib: 'zlib: reads everywhere' } as const
