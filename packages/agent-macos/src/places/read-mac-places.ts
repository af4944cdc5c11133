import type { ToolBox, WantedPlaces } from '@varve/agent/actions/adapter'
import { isBelow } from '@varve/agent/library/library-path'
import { folderFacts } from '@varve/agent/platform/folder-facts'
import { isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { ApfsPlace, FolderPlace, MacDiskPlace, PlacesView } from '@varve/protocol/places'
import { apfsListCommand, diskInfoCommand, listCommand } from '../tools/diskutil/commands.ts'
import type { ApfsContainer, ListedDisk } from '../tools/diskutil/output.ts'

/** Volumes of APFS in which nobody lays images. */
const ofSystem: ReadonlySet<string> = new Set([
  'Preboot',
  'Recovery',
  'VM',
  'Update',
  'XART',
  'Hardware',
  'Prelogin',
])

/** Where images can be on this Mac, as diskutil tells: disks, APFS containers, volumes; or the libraries of an agent. */
export async function readMacPlaces(tools: ToolBox, { folders, signal }: WantedPlaces): Promise<PlacesView> {
  const unread: PlacesView['unread'] = []
  const options = signal ? { signal } : {}
  const listed = (await told('the disks', async () => tools.run(listCommand(), options))) ?? []
  const containers = (await told('APFS', async () => tools.run(apfsListCommand(), options))) ?? []
  return {
    groups: [],
    zpools: [],
    btrfs: [],
    // Agents tell of what their libraries lie on, and of nothing else of the machine.
    apfs: containers.map((one) => apfsPlace(one, listed)).filter((one) => isOfFolders(mountsIn(one.volumes))),
    macDisks: await Promise.all(
      listed
        .filter(({ stores, partitions }) => stores.length === 0 && isOfFolders(mountsIn(partitions)))
        .map(diskPlace),
    ),
    folders: await foldersAt(folders ?? mountPoints(listed, containers)),
    unread,
  }

  function isOfFolders(mounts: readonly string[]): boolean {
    return folders === null || folders.some((folder) => mounts.some((mount) => isMountOf(mount, folder)))
  }

  /** The longest name counts: every folder lies below the root. */
  function isMountOf(mount: string, folder: string): boolean {
    const all = listed.flatMap((disk) => mountsIn([disk, ...disk.partitions, ...disk.volumes]))
    const above = all.filter((one) => isBelow(one, folder)).sort((a, b) => b.length - a.length)
    return above[0] === mount
  }

  async function diskPlace(disk: ListedDisk): Promise<MacDiskPlace> {
    const { device, size } = disk
    const info = await tools.run(diskInfoCommand(device), options).catch(() => null)
    return {
      device,
      size,
      bus: info?.bus ?? null,
      isInternal: info?.isInternal ?? null,
      isSolidState: info?.isSolidState ?? null,
      partitions: disk.partitions.map((part) => ({ ...part })),
    }
  }

  /** What `read` gives; null where it cannot tell, which is noted. */
  async function told<T>(what: string, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read()
    } catch (error) {
      if (!isDiskError(error) || error.code === 'canceled') throw error
      const { message, remedy } = toErrorRecord(error, what)
      unread.push({ what, reason: message, remedy })
      return null
    }
  }
}

function apfsPlace(
  { device, size, free, stores, volumes }: ApfsContainer,
  listed: readonly ListedDisk[],
): ApfsPlace {
  const mounts = new Map(
    listed.flatMap((disk) => disk.volumes.map((volume) => [volume.device, volume.mountPoint] as const)),
  )
  return {
    device,
    size,
    free,
    stores: [...stores],
    volumes: volumes.map((volume) => ({
      ...volume,
      roles: [...volume.roles],
      mountPoint: mounts.get(volume.device) ?? null,
    })),
  }
}

function mountsIn(parts: readonly { readonly mountPoint: string | null }[]): string[] {
  return parts.flatMap(({ mountPoint }) => mountPoint ?? [])
}

/** Where what can hold images is mounted. */
function mountPoints(listed: readonly ListedDisk[], containers: readonly ApfsContainer[]): string[] {
  const hidden = new Set(
    containers.flatMap(({ volumes }) =>
      volumes.filter(({ roles }) => roles.some((role) => ofSystem.has(role))).map(({ device }) => device),
    ),
  )
  const parts = listed.flatMap((disk) => [disk, ...disk.partitions, ...disk.volumes])
  return mountsIn(parts.filter(({ device }) => !hidden.has(device)))
}

/** Those of the folders that can be looked at. */
export async function foldersAt(paths: readonly string[]): Promise<FolderPlace[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const facts = await folderFacts(path).catch(() => null)
      return facts && { path, place: facts.place, reserved: null, readOnly: !facts.writable }
    }),
  )
  return found.filter((one) => one !== null)
}
