import type { ApfsVolume, ShownMacDisk } from '@varve/operations/actions/mac-disk'
import type { AttachedImage } from '../tools/hdiutil/output.ts'
import type { ListedDisk, ListedPart } from '../tools/diskutil/output.ts'
import { wholeDiskOf } from '../tools/plist-output.ts'

/** Types of GPT and names of Apple that mark the disk which macOS makes of an APFS container. */
const containerContents: ReadonlySet<string> = new Set([
  'EF57347C-0000-11AA-AA11-00306543ECAC',
  'Apple_APFS_Container',
])

/** The disk that the image itself became, not one of its APFS containers; null: it cannot be told. */
export function mainDiskOf(
  { entities }: Pick<AttachedImage, 'entities'>,
  listed: readonly ListedDisk[],
): string | null {
  const wholes = [...new Set(entities.map(({ device }) => wholeDiskOf(device)))]
  const own = wholes.filter((device) => {
    const isContainer = listed.some((disk) => disk.device === device && disk.stores.length > 0)
    const content = entities.find((entity) => entity.device === device)?.content ?? ''
    return !isContainer && !containerContents.has(content.toUpperCase()) && !containerContents.has(content)
  })
  return own[0] ?? null
}

/** Volumes of the APFS containers that lie on the disk. */
export function apfsVolumesOf(device: string, listed: readonly ListedDisk[]): readonly ApfsVolume[] {
  return listed.flatMap(({ stores, volumes }) => {
    const store = stores.find((one) => wholeDiskOf(one) === device)
    if (store === undefined) return []
    return volumes.map(({ device: volume, name, size }) => ({
      device: volume,
      store,
      name,
      role: null,
      size,
    }))
  })
}

/** Where something of the disk, or of its containers, is mounted. */
export function mountsOf(
  device: string,
  { entities }: Pick<AttachedImage, 'entities'>,
  listed: readonly ListedDisk[],
): readonly { readonly device: string; readonly folder: string }[] {
  const disks = listed.filter(
    (disk) => disk.device === device || disk.stores.some((store) => wholeDiskOf(store) === device),
  )
  const parts: Pick<ListedPart, 'device' | 'mountPoint'>[] = [
    ...disks.flatMap((disk) => [disk, ...disk.partitions, ...disk.volumes]),
    ...entities,
  ]
  const found = new Map(
    parts.flatMap((part) => (part.mountPoint === null ? [] : [[part.device, part.mountPoint] as const])),
  )
  return [...found].map(([name, folder]) => ({ device: name, folder }))
}

/** The disk as it is told, without its partitions. */
export function shownDisk(
  device: string,
  { isWriteable, size }: AttachedImage,
  listed: readonly ListedDisk[],
): Omit<ShownMacDisk, 'partitions'> {
  return {
    device,
    size: listed.find((disk) => disk.device === device)?.size ?? size ?? 0,
    readOnly: !isWriteable,
    volumes: [...apfsVolumesOf(device, listed)],
  }
}
