import { realpathSync } from 'node:fs'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import type { MacState, StandInDisk, StandInEntity } from './mac-state.ts'

/** Names that macOS has for what a table of a guest says. */
const contents: Readonly<Record<string, string>> = {
  apfs: 'Apple_APFS',
  'hfs+': 'Apple_HFS',
  hfsx: 'Apple_HFSX',
  fat12: 'DOS_FAT_12',
  fat16: 'DOS_FAT_16',
  fat32: 'DOS_FAT_32',
  exfat: 'Windows_NTFS',
  ntfs: 'Windows_NTFS',
}

const schemes: Readonly<Record<string, string>> = {
  gpt: 'GUID_partition_scheme',
  mbr: 'FDisk_partition_scheme',
  apm: 'Apple_partition_scheme',
}

export interface Seen {
  readonly format: string
  readonly isEncrypted: boolean
  readonly size: number
  readonly scheme: string
  readonly parts: readonly Omit<StandInEntity, 'device' | 'store' | 'mountPoint' | 'role'>[]
}

/** What a Mac sees of an image, as our engine reads it. */
export async function seeImage(path: string, asRaw: boolean): Promise<Seen> {
  const report = await inspectInput({ kind: 'image', path, roots: null, format: asRaw ? 'raw' : null })
  const { format, guest, virtualSize, problems, fileSize } = report
  const table = guest?.table
  const at = (start: number) => guest?.filesystems.find((one) => one.start === start) ?? null
  const whole = table?.kind === 'none' ? at(0) : null
  const parts = (table?.partitions ?? []).filter(({ role }) => role === 'primary' || role === 'logical')
  return {
    format,
    isEncrypted: problems.some(({ id }) => id === 'encrypted'),
    size: virtualSize ?? fileSize,
    scheme: whole ? (contents[whole.type] ?? '') : (schemes[table?.kind ?? ''] ?? ''),
    parts: [
      ...(whole ? [partOf(whole, { offset: 0, size: virtualSize ?? 0, content: '' })] : []),
      ...parts.map(({ start, length, typeName }) =>
        partOf(at(start), { offset: start, size: length, content: typeName }),
      ),
    ],
  }
}

function partOf(
  filesystem: { readonly type: string; readonly label: string | null } | null,
  place: { readonly offset: number; readonly size: number; readonly content: string },
): Seen['parts'][number] {
  const { offset, size, content } = place
  return {
    content: (filesystem && contents[filesystem.type]) ?? content,
    size,
    offset,
    filesystem: filesystem?.type ?? null,
    name: filesystem?.label ?? null,
  }
}

interface Wanted {
  readonly image: string
  readonly isWriteable: boolean
  readonly shadow: string | null
}

/** Makes it a disk of the Mac, its APFS containers further ones. */
export function addDisk(state: MacState, seen: Seen, { image, isWriteable, shadow }: Wanted): StandInDisk {
  const device = `/dev/disk${state.next}`
  state.next += 1
  const isWhole = seen.parts.length === 1 && seen.parts[0]?.offset === 0
  const own = seen.parts.map((part, at): StandInEntity => ({
    ...part,
    device: isWhole ? device : `${device}s${at + 1}`,
    role: null,
    store: null,
    mountPoint: null,
  }))
  const whole: StandInEntity = {
    device,
    content: seen.scheme,
    size: seen.size,
    offset: null,
    filesystem: null,
    name: null,
    role: null,
    store: null,
    mountPoint: null,
  }
  const disk: StandInDisk = {
    image: realpathSync(image),
    device,
    pid: 1000 + state.next,
    isWriteable,
    isEncrypted: seen.isEncrypted,
    size: seen.size,
    shadow,
    entities: [
      ...(isWhole ? [] : [whole]),
      ...own,
      ...own.flatMap((part) => (part.filesystem === 'apfs' ? containerOn(state, part) : [])),
    ],
  }
  state.disks.push(disk)
  return disk
}

function containerOn(state: MacState, { device: store, size }: StandInEntity): StandInEntity[] {
  const container = `/dev/disk${state.next}`
  state.next += 1
  const shared = { size, offset: null, store, mountPoint: null }
  return [
    {
      ...shared,
      device: container,
      content: 'EF57347C-0000-11AA-AA11-00306543ECAC',
      filesystem: null,
      name: null,
      role: null,
    },
    ...state.apfsVolumes.map(({ name, role }, at) => ({
      ...shared,
      device: `${container}s${at + 1}`,
      content: '41504653-0000-11AA-AA11-00306543ECAC',
      filesystem: 'apfs',
      name,
      role,
    })),
  ]
}
