import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationRequest } from '@varve/protocol/migrations'
import type { Reading } from '@varve/protocol/primitives'
import {
  compressionsOf,
  kindsOf,
  renamed,
  roomiestLibrary,
  withoutEnding,
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
  /** Of a volume of LVM: the pool that it is thin in. */
  readonly thinPool: string | null
  /** Of a volume of ZFS: nothing is kept back for it. */
  readonly sparse: boolean
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
    ...asFile,
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
    return placed(form, { ...next, targetLibrary: host ? roomiestLibrary(host) : '' }, hosts)
  }
  if (change.targetLibrary !== undefined) return placed(form, next, hosts)
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

const asFile = { thinPool: null, sparse: false } as const

/** What follows from another place: a volume holds a raw disk and has a name without an ending. */
function placed(before: MigrateForm, next: MigrateForm, hosts: readonly HostView[]): MigrateForm {
  const volumes = volumesAt(next, hosts)
  if (volumes) {
    const [pool] = volumes.pools
    const raw = { format: 'raw', subformat: null, compression: 'none' } as const
    return { ...next, ...raw, name: withoutEnding(next.name), thinPool: pool?.name ?? null, sparse: false }
  }
  if (!volumesAt(before, hosts)) return next
  return { ...next, ...asFile, format: 'qcow2', name: renamed(next.name, 'qcow2') }
}

type Volumes = NonNullable<HostView['libraries'][number]['volumes']>

/** The volumes that the chosen library is of; null: it is a folder of files. */
export function volumesAt(
  { targetHost, targetLibrary }: Pick<MigrateForm, 'targetHost' | 'targetLibrary'>,
  hosts: readonly HostView[],
): Volumes | null {
  const host = hosts.find(({ name }) => name === targetHost)
  return host?.libraries.find(({ name }) => name === targetLibrary)?.volumes ?? null
}

/** How a new volume can get its room. */
export function allocationsOf({ kind, pools }: Volumes) {
  const whole = { ...asFile, label: kind === 'lvm' ? 'thick' : 'room kept for all' }
  return kind === 'zfs'
    ? [whole, { ...asFile, sparse: true, label: 'sparse' }]
    : [
        ...pools.map(({ name }) => ({
          ...asFile,
          thinPool: name,
          label: `thin, in ${name}`,
        })),
        whole,
      ]
}

export function toRequest(form: MigrateForm, image: string): MigrationRequest {
  return { image, ...form, name: form.name.trim() }
}
