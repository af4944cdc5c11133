import type { HostPlace, VolumeTrait } from '@varve/core/image/image-files'
import { SystemError } from '../system/system-error.ts'
import type { DarwinCalls } from './darwin-calls.ts'

/** A volume as statfs(2) and getattrlist(2) describe it. */
export interface DarwinVolume {
  /** `apfs`, `hfs`, `exfat`, `smbfs` and the like. */
  readonly filesystem: string
  readonly mountPoint: string
  readonly blockSize: number
  readonly free: number
  readonly total: number
  readonly isLocal: boolean
  readonly isReadOnly: boolean
  /** Null: the volume does not say what it can do. */
  readonly can: VolumeAbilities | null
}

export interface VolumeAbilities {
  readonly holes: boolean
  readonly clones: boolean
  readonly caseSensitive: boolean
}

// struct statfs with inodes of 64 bits, sys/mount.h.
export const statfsSize = 2168
const [blocksAt, availableAt, flagsAt, nameAt, mountPointAt] = [8, 24, 64, 72, 88]
const [nameRoom, pathRoom] = [16, 1024]
const readOnlyFlag = 0x1
const localFlag = 0x1000

// struct attrlist and vol_capabilities_attr_t, sys/attr.h.
const bitmaps = 5
const volumeInfo = 0x8000_0000
const volumeCapabilities = 0x0002_0000
const attrlistSize = 24
const capabilitiesSize = 36
const [formatAt, interfacesAt, validAfter] = [4, 8, 16]
const sparseFiles = 0x40
const caseSensitive = 0x100
const cloning = 0x1_0000

export function volumeOf(calls: DarwinCalls, at: string | number): DarwinVolume {
  const answer = new Uint8Array(statfsSize)
  const result = typeof at === 'string' ? calls.statfs(at, answer) : calls.fstatfs(at, answer)
  if (result < 0) throw new SystemError(-result, 'statfs')
  const view = new DataView(answer.buffer)
  const blockSize = view.getUint32(0, true)
  const mountPoint = textAt(answer, mountPointAt, pathRoom)
  const flags = view.getUint32(flagsAt, true)
  return {
    filesystem: textAt(answer, nameAt, nameRoom),
    mountPoint,
    blockSize,
    free: Number(view.getBigUint64(availableAt, true)) * blockSize,
    total: Number(view.getBigUint64(blocksAt, true)) * blockSize,
    isLocal: (flags & localFlag) !== 0,
    isReadOnly: (flags & readOnlyFlag) !== 0,
    can: abilitiesOf(calls, mountPoint),
  }
}

function abilitiesOf(calls: DarwinCalls, mountPoint: string): VolumeAbilities | null {
  const list = new DataView(new ArrayBuffer(attrlistSize))
  list.setUint16(0, bitmaps, true)
  list.setUint32(8, (volumeInfo | volumeCapabilities) >>> 0, true)
  const answer = new DataView(new ArrayBuffer(capabilitiesSize))
  const bytes = new Uint8Array(answer.buffer)
  if (calls.getattrlist(mountPoint, new Uint8Array(list.buffer), bytes) < 0) return null
  if (answer.getUint32(0, true) < capabilitiesSize) return null
  const has = (at: number, flag: number) =>
    (answer.getUint32(at, true) & answer.getUint32(at + validAfter, true) & flag) !== 0
  return {
    holes: has(formatAt, sparseFiles),
    clones: has(interfacesAt, cloning),
    caseSensitive: has(formatAt, caseSensitive),
  }
}

const overNetwork: Readonly<Record<string, string>> = {
  smbfs: 'network (SMB)',
  nfs: 'network (NFS)',
  afpfs: 'network (AFP)',
  webdav: 'network (WebDAV)',
}

/** L1 and L0 below a path. What macOS would give up when it is pressed (purgeable) is not counted as free. */
export function darwinPlace(calls: DarwinCalls, path: string): HostPlace {
  const volume = volumeOf(calls, path)
  const { filesystem, mountPoint, free, total, isLocal, can } = volume
  const traits = traitsOf(volume)
  return {
    filesystem,
    mountPoint,
    free,
    total,
    copyOnWrite: can?.clones ?? null,
    media: isLocal ? null : (overNetwork[filesystem] ?? `network (${filesystem})`),
    ...(traits.length > 0 && { traits }),
  }
}

function traitsOf({ isReadOnly, can }: DarwinVolume): readonly VolumeTrait[] {
  return [
    ...(isReadOnly ? (['read-only'] as const) : []),
    ...(can?.caseSensitive === true ? (['case-sensitive'] as const) : []),
    ...(can?.holes === false ? (['without-holes'] as const) : []),
  ]
}

function textAt(bytes: Uint8Array, at: number, room: number): string {
  const field = bytes.subarray(at, at + room)
  const end = field.indexOf(0)
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end))
}
