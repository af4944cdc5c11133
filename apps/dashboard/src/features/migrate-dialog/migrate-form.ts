import { formatRules } from '@varve/core/formats/format-rules'
import {
  rulesOf,
  singleFileKinds,
  writableFormats,
  type WritableFormat,
} from '@varve/core/formats/writable-formats'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationRequest } from '@varve/protocol/migrations'
import type { Reading } from '@varve/protocol/primitives'

/** Formats that a migration can write, with the ending that is usual for them. */
export const targetFormats = writableFormats.map((value) => ({
  value,
  label: value === 'raw' || value === 'qcow2' ? value : formatRules[value].label,
  ending: (rulesOf(value).endings[0] ?? '').slice(1),
}))
export type TargetFormat = WritableFormat

export type Compression = 'none' | 'zlib' | 'zstd'

/** What the person has chosen so far. */
export interface MigrateForm {
  readonly targetHost: string
  readonly targetLibrary: string
  readonly name: string
  readonly format: TargetFormat
  /** One of the format's kinds; null where there is one only. */
  readonly subformat: string | null
  readonly compression: Compression
  /** How the source is to be read, where it leaves that open. */
  readonly reading: Reading
}

/** Good defaults: another connected host, its writable library with the most space, the same name. */
export function defaultForm(row: ImageRow, hosts: readonly HostView[]): MigrateForm {
  const connected = hosts.filter(({ state }) => state === 'connected')
  const host = connected.find(({ name }) => name !== row.host) ?? connected[0] ?? hosts[0]
  return {
    targetHost: host?.name ?? '',
    targetLibrary: host ? roomiestLibrary(host) : '',
    name: renamed(row.name.split('/').at(-1) ?? row.name, 'qcow2'),
    format: 'qcow2',
    subformat: null,
    compression: 'none',
    reading: {},
  }
}

/** The form with one choice changed and what follows from it. */
export function changeForm(
  form: MigrateForm,
  change: Partial<MigrateForm>,
  hosts: readonly HostView[],
): MigrateForm {
  const next = { ...form, ...change }
  if (change.targetHost !== undefined && change.targetHost !== form.targetHost) {
    const host = hosts.find(({ name }) => name === change.targetHost)
    return { ...next, targetLibrary: host ? roomiestLibrary(host) : '' }
  }
  if (change.format !== undefined && change.format !== form.format) {
    return {
      ...next,
      name: renamed(form.name, change.format),
      subformat: kindsOf(change.format)[0] ?? null,
      compression: compressionsOf(change.format).includes(form.compression) ? form.compression : 'none',
    }
  }
  return next
}

/** Kinds of that format to choose from, the usual one first; none where there is no choice. */
export function kindsOf(format: TargetFormat): readonly string[] {
  const kinds = singleFileKinds(format)
  return kinds.length > 1 ? kinds : []
}

/** How an image of that format can be compressed; `none` first. */
export function compressionsOf(format: TargetFormat): readonly Compression[] {
  return ['none', ...rulesOf(format).compressions]
}

export function toRequest(form: MigrateForm, image: string): MigrationRequest {
  return { image, ...form, name: form.name.trim() }
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

function roomiestLibrary({ libraries }: HostView): string {
  const writable = libraries.filter((library) => library.writable)
  const [first] = (writable.length > 0 ? writable : libraries).toSorted(
    (a, b) => (b.place.free ?? 0) - (a.place.free ?? 0),
  )
  return first?.name ?? ''
}

/** The name with the ending of that format in the place of its own. */
export function renamed(name: string, format: TargetFormat): string {
  const ending = targetFormats.find(({ value }) => value === format)?.ending ?? format
  return `${name.replace(/\.(?:qcow2?|raw|img|vmdk|vhdx?|vdi|hdd|hds|dmg|qed|iso)$/iu, '')}.${ending}`
}
