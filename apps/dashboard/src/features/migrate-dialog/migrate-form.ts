import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationRequest } from '@varve/protocol/migrations'
import type { Reading } from '@varve/protocol/primitives'
import {
  compressionsOf,
  kindsOf,
  renamed,
  roomiestLibrary,
  type Compression,
  type TargetFormat,
} from '../../plans/target-formats.ts'

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

export function toRequest(form: MigrateForm, image: string): MigrationRequest {
  return { image, ...form, name: form.name.trim() }
}
