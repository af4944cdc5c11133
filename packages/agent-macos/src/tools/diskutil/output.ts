import type { ToolOutput } from '@varve/agent/tools/tool-command'
import { arrayAt, dictionaryAt, sizeAt, stringAt } from '@varve/core/text/property-list'
import type { PropertyDictionary } from '@varve/core/text/property-value'
import {
  answeredList,
  deviceNamed,
  dictionariesIn,
  noAnswer,
  stringsIn,
  type Asked,
} from '../plist-output.ts'

export interface ListedPart {
  readonly device: string
  readonly content: string | null
  readonly size: number
  readonly name: string | null
  readonly mountPoint: string | null
}

/** A whole disk; one with stores is an APFS container, and its volumes are those of it. */
export interface ListedDisk {
  readonly device: string
  readonly content: string | null
  readonly size: number
  readonly mountPoint: string | null
  readonly partitions: readonly ListedPart[]
  readonly volumes: readonly ListedPart[]
  readonly stores: readonly string[]
}

const asked: Asked = { tool: 'diskutil', file: 'diskutil' }

/** `diskutil list -plist`; what has no name or no size is passed over. */
export function parseDiskList(output: ToolOutput): readonly ListedDisk[] {
  const list = answeredList(output, asked)
  const all = arrayAt(list, 'AllDisksAndPartitions')
  if (all === null) throw noAnswer(output, asked, 'it has no AllDisksAndPartitions')
  return dictionariesIn(all).flatMap((disk) => {
    const whole = partOf(disk)
    if (whole === null) return []
    const { device, content, size, mountPoint } = whole
    return [
      {
        device,
        content,
        size,
        mountPoint,
        partitions: partsAt(disk, 'Partitions'),
        volumes: partsAt(disk, 'APFSVolumes'),
        stores: dictionariesIn(arrayAt(disk, 'APFSPhysicalStores')).flatMap((store) => {
          const name = deviceNamed(stringAt(store, 'DeviceIdentifier'))
          return name === null ? [] : [name]
        }),
      },
    ]
  })
}

function partsAt(disk: PropertyDictionary, key: string): readonly ListedPart[] {
  return dictionariesIn(arrayAt(disk, key)).flatMap((one) => partOf(one) ?? [])
}

function partOf(one: PropertyDictionary): ListedPart | null {
  const device = deviceNamed(stringAt(one, 'DeviceIdentifier'))
  const size = sizeAt(one, 'Size')
  if (device === null || size === null) return null
  return {
    device,
    content: stringAt(one, 'Content'),
    size,
    name: stringAt(one, 'VolumeName') || null,
    mountPoint: stringAt(one, 'MountPoint') || null,
  }
}

export interface DiskInfo {
  readonly device: string
  readonly size: number | null
  readonly blockSize: number | null
  /** Where the partition begins on its disk; null: it is none, or that is not told. */
  readonly offset: number | null
  readonly content: string | null
  readonly filesystem: string | null
  readonly mountPoint: string | null
  readonly isWritable: boolean | null
  readonly bus: string | null
  readonly isInternal: boolean | null
  readonly isSolidState: boolean | null
  /** Of an APFS volume its own fields say 0, and those of its container count. */
  readonly container: { readonly size: number; readonly free: number } | null
  readonly free: number | null
}

/** `diskutil info -plist`. */
export function parseDiskInfo(output: ToolOutput, file: string): DiskInfo {
  const about = { ...asked, file }
  const list = answeredList(output, about)
  const device = deviceNamed(stringAt(list, 'DeviceIdentifier'))
  if (device === null) throw noAnswer(output, about, 'it names no disk')
  const [size, free] = [sizeAt(list, 'APFSContainerSize'), sizeAt(list, 'APFSContainerFree')]
  return {
    device,
    size: sizeAt(list, 'TotalSize') ?? sizeAt(list, 'Size'),
    blockSize: sizeAt(list, 'DeviceBlockSize'),
    offset: sizeAt(list, 'PartitionMapPartitionOffset'),
    content: stringAt(list, 'Content') || null,
    filesystem: stringAt(list, 'FilesystemType') || null,
    mountPoint: stringAt(list, 'MountPoint') || null,
    isWritable: booleanAt(list, 'WritableVolume') ?? booleanAt(list, 'Writable'),
    bus: stringAt(list, 'BusProtocol') || null,
    isInternal: booleanAt(list, 'Internal'),
    isSolidState: booleanAt(list, 'SolidState'),
    container: size === null || free === null ? null : { size, free },
    free: size === null ? sizeAt(list, 'FreeSpace') : free,
  }
}

export interface ApfsContainer {
  readonly device: string
  readonly size: number
  readonly free: number
  readonly stores: readonly string[]
  readonly volumes: readonly {
    readonly device: string
    readonly name: string | null
    readonly roles: readonly string[]
    readonly used: number
    readonly isLocked: boolean
    readonly isEncrypted: boolean
  }[]
}

/** `diskutil apfs list -plist`; containers without their sizes are passed over. */
export function parseApfsList(output: ToolOutput): readonly ApfsContainer[] {
  const list = answeredList(output, asked)
  const all = arrayAt(list, 'Containers')
  if (all === null) throw noAnswer(output, asked, 'it has no Containers')
  return dictionariesIn(all).flatMap((one) => {
    const device = deviceNamed(stringAt(one, 'ContainerReference'))
    const [size, free] = [sizeAt(one, 'CapacityCeiling'), sizeAt(one, 'CapacityFree')]
    if (device === null || size === null || free === null) return []
    return [
      {
        device,
        size,
        free,
        stores: dictionariesIn(arrayAt(one, 'PhysicalStores')).flatMap(
          (store) => deviceNamed(stringAt(store, 'DeviceIdentifier')) ?? [],
        ),
        volumes: dictionariesIn(arrayAt(one, 'Volumes')).flatMap((volume) => {
          const name = deviceNamed(stringAt(volume, 'DeviceIdentifier'))
          if (name === null) return []
          return [
            {
              device: name,
              name: stringAt(volume, 'Name') || null,
              roles: stringsIn(arrayAt(volume, 'Roles')),
              used: sizeAt(volume, 'CapacityInUse') ?? 0,
              isLocked: volume.get('Locked') === true,
              isEncrypted: volume.get('Encryption') === true || volume.get('FileVault') === true,
            },
          ]
        }),
      },
    ]
  })
}

/** `diskutil image info --plist`: its size, and its format as macOS names it, such as `ASIF`. Throws when it tells no size. */
export function parseDiskImageInfo(
  output: ToolOutput,
  file: string,
): { readonly format: string | null; readonly size: number } {
  const about = { ...asked, file }
  const list = answeredList(output, about)
  const sizes = dictionaryAt(list, 'Size Info')
  const size = (sizes && sizeAt(sizes, 'Total Bytes')) ?? sizeAt(list, 'Size')
  if (size === null) throw noAnswer(output, about, 'it tells no size')
  return { format: stringAt(list, 'Image Format'), size }
}

function booleanAt(list: PropertyDictionary, key: string): boolean | null {
  const value = list.get(key)
  return typeof value === 'boolean' ? value : null
}
